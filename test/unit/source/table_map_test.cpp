#include "lib/source/mysql/table_map.hpp"

#include <catch2/catch.hpp>

#include "lib/base/error.hpp"
#include "test/unit/source/binlog_fixture.hpp"

using namespace dts;
using namespace dts::test;

namespace {

// Of a MariaDB 10.11: (u uuid, i6 inet6, i4 inet4, b binary(16), c char(4) latin1, y year,
// n int unsigned), binlog_row_metadata=FULL
const std::string mariadb_map = unhex(
    "12 00 00 00 00 00 01 00 02 74 31 00 01 61 00 07 fe fe fe fe fe 0d 03 0a fe 10 fe 10 fe 04 fe "
    "10 fe 04 7f 01 01 c0 02 03 3f 04 08 04 10 01 75 02 69 36 02 69 34 01 62 01 63 01 79 01 6e");

// Of a MySQL 9.7: (y year, n int unsigned, x int, b bit(3), z int unsigned, d decimal(3,1)
// unsigned, zz int), FULL
const std::string mysql_map = unhex(
    "89 00 00 00 00 00 01 00 02 79 79 00 01 61 00 07 0d 03 03 10 03 f6 03 04 03 00 03 01 7f 01 01 "
    "d8 04 0f 01 79 01 6e 01 78 01 62 01 7a 01 64 02 7a 7a 0c 01 fe");

}  // namespace

TEST_CASE("table map: names, collations and string sizes of a FULL one") {
    const TableMap map = parse_table_map(bytes_of(mariadb_map), Flavour::mariadb);
    CHECK(map.table_id == 18);
    CHECK(map.schema == "t1");
    CHECK(map.table == "a");
    REQUIRE(map.columns.size() == 7);
    CHECK(map.has_names);
    CHECK(map.columns[1].name == "i6");
    CHECK(map.columns[0].meta == 16);
    CHECK(map.columns[0].collation == 63);
    CHECK(map.columns[4].collation == 8);
    CHECK(map.columns[6].is_unsigned);
}

TEST_CASE("table map: YEAR counts among the numbers that have a sign, BIT does not") {
    const TableMap map = parse_table_map(bytes_of(mysql_map), Flavour::mysql);
    std::vector<bool> signs;
    for (const auto& column : map.columns) signs.push_back(column.is_unsigned);
    CHECK(signs == std::vector<bool>{true, true, false, false, true, true, false});
    CHECK(map.columns[3].meta == 3);
    CHECK(map.columns[5].meta == (3 << 8 | 1));
}

TEST_CASE("table map: a CHAR of more than 255 bytes hides its length's upper bits") {
    // utf8mb4 char(255): 1020 bytes
    const std::string raw = unhex("01 00 00 00 00 00 01 00 01 64 00 01 74 00 01 fe 02 ce fc 01");
    const TableMap map = parse_table_map(bytes_of(raw), Flavour::mysql);
    CHECK(map.columns[0].type == WireType::string);
    CHECK(map.columns[0].meta == 1020);
}

TEST_CASE("table map: every truncation is refused or describes fewer bytes, never reads on") {
    for (const auto* whole : {&mariadb_map, &mysql_map}) {
        for (std::size_t size = 0; size < whole->size(); ++size) {
            const std::vector<char> exact(whole->begin(),
                                          whole->begin() + static_cast<std::ptrdiff_t>(size));
            try {
                parse_table_map(bytes_of({exact.data(), exact.size()}),
                                whole == &mysql_map ? Flavour::mysql : Flavour::mariadb);
            } catch (const Error& error) {
                CHECK(error.kind() == ErrorKind::data);
            }
        }
    }
}
