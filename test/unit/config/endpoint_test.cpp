#include "lib/config/endpoint.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "test/unit/config/minimal_ini.hpp"

using namespace dts;
using Catch::Contains;

namespace {

// A folder with files that holds as long as the test.
class Folder {
  public:
    Folder()
        : path_(std::filesystem::temp_directory_path() /
                ("dts_endpoint_test." + std::to_string(::getpid()))) {
        std::filesystem::create_directories(path_);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string file(const char* name, std::string_view text) const {
        std::ofstream(path_ / name, std::ios::binary) << text;
        return (path_ / name).native();
    }
    std::string path() const { return path_.native(); }

  private:
    std::filesystem::path path_;
};

std::string source(std::string_view url, std::string_view keys) {
    return "[extractor]\nurl=" + std::string(url) + "\n" + std::string(keys) + "\n";
}

EndpointConfig endpoint_of(std::string_view url, std::string_view keys) {
    return config_of(source(url, keys)).extractor.endpoint;
}

}  // namespace

TEST_CASE("endpoint: account and TLS may stand in the url or in keys of their own") {
    const auto endpoint =
        endpoint_of("mysql://db", "username=u\npassword=p\nssl_mode=verify_full\nssl_ca_path=/ca");
    CHECK(endpoint.username == "u");
    CHECK(endpoint.password == "p");
    CHECK(endpoint.ssl_mode == SslMode::verify_full);
    CHECK(endpoint.ssl_ca_path == "/ca");
    CHECK(endpoint.display_name() == "db:3306");
    const auto same =
        endpoint_of("mysql://u:p@db?ssl-mode=required", "username=u\npassword=p\nssl_mode=require");
    CHECK(same.password == "p");
    CHECK(same.masked_url == "mysql://u:***@db");
}

TEST_CASE("endpoint: what url and key say differently is refused, without the passwords") {
    CHECK_THAT(
        fault_with(source("mysql://u:geheim1@db", "password=geheim2")),
        Contains("[extractor] password: differs from what the url says") && !Contains("geheim"));
    CHECK_THAT(fault_with(source("mysql://u:geheim1@db", "username=v")),
               Contains("[extractor] username: differs") && !Contains("geheim"));
    CHECK_THAT(fault_with(source("mysql://db?ssl-mode=disabled", "ssl_mode=require")),
               Contains("[extractor] ssl_mode: differs"));
}

TEST_CASE("endpoint: a url that can not be read is named by its place, masked") {
    CHECK_THAT(fault_with("[sinker]\nurl=mysql://u:geheim@db?tls=1\n"),
               Contains("task1.ini:10: [sinker] url: mysql://u:***@db: the parameter tls") &&
                   !Contains("geheim"));
}

TEST_CASE("endpoint: a password file gives its password without the newline at its end") {
    const Folder folder;
    const auto keys = [&](const char* text) { return "password_file=" + folder.file("pw", text); };
    CHECK(endpoint_of("mysql://u@db", keys("a b\n")).password == "a b");
    CHECK(endpoint_of("mysql://u@db", keys("x\r\n")).password == "x");
    CHECK(endpoint_of("mysql://u@db", keys("x\n\n")).password == "x\n");
    CHECK(endpoint_of("mysql://u@db", keys("x")).password == "x");
    CHECK_THAT(fault_with(source("mysql://u@db", keys("\n"))), Contains("holds no password"));
    CHECK_THAT(fault_with(source("mysql://u@db", keys("x") + "\npassword=y")),
               Contains("is set, and so is password"));
}

TEST_CASE("endpoint: the path of a password file may name the environment") {
    const Folder folder;
    folder.file("db.pw", "geheim\n");
    ::setenv("CREDENTIALS_DIRECTORY", folder.path().c_str(), 1);
    CHECK(endpoint_of("mysql://u@db", "password_file=${CREDENTIALS_DIRECTORY}/db.pw").password ==
          "geheim");
    ::setenv("DTS_TEST_NAME", "db", 1);
    CHECK(expand_environment("${CREDENTIALS_DIRECTORY}/${DTS_TEST_NAME}.pw") ==
          folder.path() + "/db.pw");
    ::unsetenv("CREDENTIALS_DIRECTORY");
    CHECK_THAT(fault_with(source("mysql://u@db", "password_file=${CREDENTIALS_DIRECTORY}/db.pw")),
               Contains("[extractor] password_file: the environment does not have "
                        "CREDENTIALS_DIRECTORY") &&
                   Contains("LoadCredential="));
    CHECK_THROWS_AS(expand_environment("${X"), Error);
    CHECK(expand_environment("$a {b}") == "$a {b}");
}

TEST_CASE("endpoint: a password file that is not there is an error that names it") {
    CHECK_THAT(fault_with(source("mysql://u@db", "password_file=/nowhere/pw")),
               Contains("[extractor] password_file: can not read /nowhere/pw"));
    CHECK_THAT(fault_with(source("mysql://u@db", "password_file=/dev/zero")),
               Contains("it is not a file"));
}
