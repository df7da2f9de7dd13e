// TABLE_MAP events as MariaDB 10.11 and MySQL 9.7 wrote them with binlog_row_metadata=FULL.
#include <catch2/catch.hpp>

#include "lib/base/error.hpp"
#include "lib/source/mysql/table_map.hpp"
#include "test/unit/source/table_fixture.hpp"

using namespace dts;
using namespace dts::test;

namespace {

// g: id int, p point, l varchar latin1, u varchar utf8mb4
const std::string mariadb_geometry = from_hex(
    "ff000000000001000177000167000403ff0f0f05040a0028000c01010003033f082d0701010409026964017001"
    "6c0175080100");
const std::string mysql_geometry = from_hex(
    "82000000000001000177000167000403ff0f0f05040a0028000c010100030408fcff0007010104090269640170"
    "016c01750801000c01f0");
// mm: id int, p geometry, t text utf8mb4, v varchar utf8mb4, b blob, vb varbinary
const std::string mariadb_default = from_hex(
    "0101000000000100017700026d6d000603fffc0ffc0f0704022800020a003e01010002053f012d022d07010004"
    "0e0269640170017401760162027662080100");
// id int unsigned, y year, bt bit, uu uuid, i4 inet4, i6 inet6, j json, c varchar compressed,
// bc blob compressed, l varchar latin1, n bigint unsigned, ch char utf8mb4, e enum latin1,
// d decimal, b binary, st set
const std::string mariadb_types = from_hex(
    "000100000000010001770001660010030d10fefefefc8d8c0f08fefef6fefe180300fe10fe04fe10041500020a"
    "00fe14f7010a02fe10f801feff0101e002093f032e04080608072d042802696401790262740275750269340269"
    "36016a0163026263016c016e0263680165016401620273740a010805050201780179060502016101fc080100");
// id int unsigned, y year, bt bit, vv vector, j json, l varchar latin1, n bigint unsigned,
// ch char utf8mb4, e enum latin1, d decimal, b binary, st set
const std::string mysql_types = from_hex(
    "83000000000001000177000166000c030d10f2f50f08fefef6fefe10030004040a00fe14f7010a02fe10f801fe"
    "0f0101e003063f08fcff003f0d0103041d0269640179026274027676016a016c016e0263680165016401620273"
    "740b0408fcff0005050201780179060502016101fc0801000c02fff0");

const WireColumn& column(const TableMap& map, std::string_view name) {
    for (const auto& c : map.columns) {
        if (c.name == name) return c;
    }
    throw std::logic_error("no such column");
}

}  // namespace

TEST_CASE("table map: a GEOMETRY column counts in MariaDB's list of collations, not in MySQL's") {
    const auto mariadb = parse_table_map(view_of(mariadb_geometry), Flavour::mariadb);
    CHECK(column(mariadb, "l").collation == 8);
    CHECK(column(mariadb, "u").collation == 45);
    const auto mysql = parse_table_map(view_of(mysql_geometry), Flavour::mysql);
    CHECK(column(mysql, "l").collation == 8);
    CHECK(column(mysql, "u").collation == 255);
}

TEST_CASE("table map: a GEOMETRY column counts in MariaDB's exceptions to a default collation") {
    const auto map = parse_table_map(view_of(mariadb_default), Flavour::mariadb);
    CHECK(column(map, "t").collation == 45);
    CHECK(column(map, "v").collation == 45);
    CHECK(column(map, "b").collation == 63);
    CHECK(column(map, "vb").collation == 63);
}

TEST_CASE("table map: every type of MariaDB keeps its own sign, collation and labels") {
    const auto map = parse_table_map(view_of(mariadb_types), Flavour::mariadb);
    CHECK(column(map, "id").is_unsigned);
    CHECK(column(map, "n").is_unsigned);
    CHECK_FALSE(column(map, "d").is_unsigned);
    CHECK(column(map, "j").collation == 46);
    CHECK(column(map, "c").collation == 8);
    CHECK(column(map, "bc").collation == 63);
    CHECK(column(map, "l").collation == 8);
    CHECK(column(map, "ch").collation == 45);
    CHECK(column(map, "b").collation == 63);
    CHECK(column(map, "e").labels == std::vector<std::string_view>{"a", "\xfc"});
    CHECK(column(map, "st").labels == std::vector<std::string_view>{"x", "y"});
}

TEST_CASE("table map: a VECTOR column counts in MySQL's list of collations") {
    const auto map = parse_table_map(view_of(mysql_types), Flavour::mysql);
    CHECK(column(map, "l").collation == 8);
    CHECK(column(map, "ch").collation == 255);
    CHECK(column(map, "b").collation == 63);
    CHECK(column(map, "n").is_unsigned);
    CHECK(column(map, "e").labels.size() == 2);
}

TEST_CASE("table map: a list of collations of another length is refused") {
    CHECK_THROWS_AS(parse_table_map(view_of(mariadb_geometry), Flavour::mysql), Error);
    CHECK_THROWS_AS(parse_table_map(view_of(mysql_geometry), Flavour::mariadb), Error);
}

TEST_CASE("table map: lists of signs and names of another length are refused") {
    std::string map = int_table_map(1, "t", 2, {"id", "a"});
    CHECK_NOTHROW(parse_table_map(view_of(map), Flavour::mysql));
    CHECK_THROWS_AS(
        parse_table_map(view_of(int_table_map(1, "t", 2, {"id", "a", "b"})), Flavour::mysql),
        Error);
    map += from_hex("0102ffff");
    CHECK_THROWS_AS(parse_table_map(view_of(map), Flavour::mysql), Error);
}
