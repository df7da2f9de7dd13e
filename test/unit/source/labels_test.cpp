// As MariaDB 10.11 and MySQL 9.7 print the types, in any sql_mode.
#include <catch2/catch.hpp>

#include "lib/client/mysql_catalog.hpp"

using namespace dts;

using Labels = std::vector<std::string>;

TEST_CASE("mysql catalog: labels are read without the escapes of information_schema") {
    CHECK(parse_labels(R"(enum('a\\b','c''d','n\nl','q"r','x,y'))") ==
          Labels{"a\\b", "c'd", "n\nl", "q\"r", "x,y"});
    CHECK(parse_labels(R"(set('\\','\\''','\r','\0'))") ==
          Labels{"\\", "\\'", "\r", std::string(1, '\0')});
    CHECK(parse_labels("enum('')") == Labels{""});
    CHECK(parse_labels("int(11)").empty());
    CHECK(parse_labels("enum('a").size() == 1);
}

TEST_CASE("mysql catalog: the labels of a column are unescaped") {
    Column column;
    REQUIRE(parse_mysql_type("enum", R"(enum('a\\b'))", column));
    CHECK(column.labels == Labels{"a\\b"});
}
