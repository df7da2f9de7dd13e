#include "lib/config/url.hpp"

#include <catch2/catch.hpp>

#include "lib/base/error.hpp"

using namespace dts;
using Catch::Contains;

TEST_CASE("url: all its parts are read, percent signs decoded") {
    const auto url = parse_mysql_url(
        "mysql://user%401:abc%25%24%23%3F%40%3a%2f@db.example:3307/?ssl-mode=verify_ca&ssl-ca=/"
        "a%20b");
    CHECK(url.host == "db.example");
    CHECK(url.port == 3307);
    CHECK(url.username == "user@1");
    CHECK(url.password == "abc%$#?@:/");
    CHECK(url.database.empty());
    CHECK(url.ssl_mode == SslMode::verify_ca);
    CHECK(url.ssl_ca_path == "/a b");
}

TEST_CASE("url: what is left out stays open") {
    const auto url = parse_mysql_url("mysql://db");
    CHECK(url.host == "db");
    CHECK(url.port == 3306);
    CHECK_FALSE(url.username);
    CHECK_FALSE(url.password);
    CHECK_FALSE(url.ssl_mode);
    CHECK(parse_mysql_url("mysql://u:@db").password == "");
    CHECK_FALSE(parse_mysql_url("mysql://u@db").password);
}

TEST_CASE("url: IPv6 addresses stand in brackets") {
    const auto url = parse_mysql_url("mysql://root:pw@[::1]:3310");
    CHECK(url.host == "::1");
    CHECK(url.port == 3310);
    CHECK(parse_mysql_url("mysql://[fe80::1]").port == 3306);
}

TEST_CASE("url: several hosts of a Postgres have one port") {
    const auto url = parse_postgres_url("postgres://u@a,b:5433/d");
    CHECK(url.host == "a,b");
    CHECK(url.port == 5433);
    CHECK_THROWS_WITH(parse_postgres_url("postgres://u:pw@a:5433,b:5434/d"),
                      Contains("postgres://u:***@a:5433,b:5434/d: a port stands before the last") &&
                          Contains("HINT: ") && Contains("host1,host2:5432"));
}

TEST_CASE("url: a password with a plain @ or : still ends at the last @") {
    CHECK(parse_mysql_url("mysql://root:p@s:s@db:1").password == "p@s:s");
}

TEST_CASE("url: both spellings of the TLS modes are known") {
    const auto mode = [](const char* name) {
        return parse_mysql_url(std::string("mysql://db?ssl-mode=") + name).ssl_mode;
    };
    CHECK(mode("disabled") == SslMode::disable);
    CHECK(mode("PREFERRED") == SslMode::prefer);
    CHECK(mode("required") == SslMode::require);
    CHECK(mode("require") == SslMode::require);
    CHECK(mode("VERIFY_IDENTITY") == SslMode::verify_full);
    CHECK(mode("verify_full") == SslMode::verify_full);
}

TEST_CASE("url: what is malformed is refused, and the password is in no message") {
    struct Case {
        const char* url;
        const char* message;
    };
    const Case c =
        GENERATE(Case{"mysql://root:secret@db:3306?tls=1&x=2", "the parameter tls is not known"},
                 Case{"mysql://root:secret@db?ssl-mode=on", "ssl-mode=on is not known"},
                 Case{"mysql://root:secret@db?ssl-mode=disabled&ssl_mode=disabled", "comes twice"},
                 Case{"mysql://root:secret@db:0", "the port is not a number of 1 to 65535"},
                 Case{"mysql://root:secret@db:65536", "the port is not"},
                 Case{"mysql://root:secret@db:", "the port is not"},
                 Case{"mysql://root:secret", "the port is not"},
                 Case{"mysql://root:sec/secret@db", "there is an @ behind the host"},
                 Case{"mysql://root:sec?secret@db", "there is an @ behind the host"},
                 Case{"mysql://root:sec#secret@db", "there is an @ behind the host"},
                 Case{"mysql://root:secret@", "there is no host"},
                 Case{"mysql://root:secret@[::1", "has no ]"},
                 Case{"mysql://root:secret@[::1]3306", "only a port may follow"},
                 Case{"mysql://root:secret%2@db", "a % is not followed by two hexadecimal digits"},
                 Case{"mysql://root:secret%00@db", "%00 is not possible"},
                 Case{"postgres://root:secret@db", "the address must begin with mysql://"},
                 Case{"root:secret@db", "the address must begin with mysql://"},
                 Case{"", "must begin with"});
    INFO(c.url);
    try {
        parse_mysql_url(c.url);
        FAIL("accepted");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::config);
        CHECK_THAT(error.what(), Contains(c.message));
        CHECK_THAT(error.what(), !Contains("sec"));
    }
}

TEST_CASE("url: masked shows the place, not the password") {
    CHECK(masked("mysql://root:pw@db:3306?ssl-mode=disabled") == "mysql://root:***@db:3306");
    CHECK(masked("mysql://root@db:3306") == "mysql://root@db:3306");
    CHECK(masked("mysql://db:3306/x") == "mysql://db:3306/x");
    CHECK(masked("mysql://[::1]:3306") == "mysql://[::1]:3306");
    CHECK(masked("mysql://root:a@b/c@db:3306") == "mysql://root:***@db:3306");
    CHECK(masked("mysql://root:pw/x?y") == "mysql://root:***");
    CHECK(masked("mongodb://u:pw@h1:1,h2:2/d?x=y") == "mongodb://u:***@h1:1,h2:2/d");
    CHECK(masked("postgres://u:pw@h/d?password=pw") == "postgres://u:***@h/d");
    CHECK(masked("root:pw@db") == "root:***@db");
}

TEST_CASE("url: the scheme tells the kind of database") {
    CHECK(scheme_of("mysql://a") == UrlScheme::mysql);
    CHECK(scheme_of("postgresql://a") == UrlScheme::postgres);
    CHECK(scheme_of("postgres://a") == UrlScheme::postgres);
    CHECK(scheme_of("mongodb://a") == UrlScheme::mongodb);
    CHECK_FALSE(scheme_of("redis://a"));
    CHECK_FALSE(scheme_of("mysql"));
}
