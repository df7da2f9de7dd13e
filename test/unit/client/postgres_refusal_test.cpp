#include <catch2/catch.hpp>

#include "lib/client/postgres_client.hpp"

using namespace dts;

TEST_CASE("postgres refusal: an account is told by the state, in whatever language it is said") {
    const auto refusal = judge_postgres_refusal(
        "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  28P01: "
        "Passwort-Authentifizierung f\u00fcr Benutzer \"x\" fehlgeschlagen\nLOCATION:  "
        "auth_failed, auth.c:338\n");
    CHECK(refusal.kind == ErrorKind::permission);
    CHECK(refusal.words ==
          "connection to server at \"127.0.0.1\", port 5432 failed: FATAL: "
          "Passwort-Authentifizierung f\u00fcr Benutzer \"x\" fehlgeschlagen");
    CHECK(judge_postgres_refusal("x failed: FATAL:  3D000: \u4e0d\u5b58\u5728").kind ==
          ErrorKind::permission);
}

TEST_CASE("postgres refusal: what passes is tried again, a setting is not") {
    const auto kind = [](std::string_view text) { return judge_postgres_refusal(text).kind; };
    CHECK(kind("x failed: FATAL:  57P03: the database system is starting up") ==
          ErrorKind::transient);
    CHECK(kind("x failed: FATAL:  53300: too many clients") == ErrorKind::transient);
    CHECK(kind("x failed: FATAL:  55000: database \"d\" is not currently accepting connections") ==
          ErrorKind::transient);
    CHECK(kind("x failed: FATAL:  XX000: could not open relation") == ErrorKind::transient);
    CHECK(kind("x failed: FATAL:  42704: unrecognized configuration parameter \"a\"") ==
          ErrorKind::config);
    CHECK(kind("connection to server at \"h\", port 1 failed: Connection refused\n\tIs the server "
               "running on that host and accepting TCP/IP connections?") == ErrorKind::transient);
    CHECK(kind("x failed: SSL error: certificate verify failed") == ErrorKind::config);
    CHECK(kind("x failed: fe_sendauth: no password supplied") == ErrorKind::permission);
    CHECK(kind("") == ErrorKind::transient);
}
