#include "lib/source/mysql/table_decoding.hpp"

#include <catch2/catch.hpp>

#include "lib/base/error.hpp"
#include "lib/source/mysql/column_reader.hpp"
#include "test/unit/source/table_fixture.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Matchers::Contains;

namespace {

TableDecoding bound(const std::string& body, const TableDefinition& definition,
                    std::int64_t known_until) {
    MemoryCatalog catalog;
    return make_table_decoding(parse_table_map(view_of(body), Flavour::mariadb), definition,
                               catalog, known_until);
}

WireColumn wire_column(WireType type, std::uint16_t meta, std::uint32_t collation = 0) {
    WireColumn column;
    column.type = type;
    column.meta = meta;
    column.collation = collation;
    return column;
}

Column text_column(ColumnType type) {
    Column column;
    column.type = type;
    return column;
}

}  // namespace

TEST_CASE("table decoding: rows without names are refused under a newer definition") {
    auto definition = int_table("t", {"id", "b", "a"});
    definition.defined_at = 1001;
    const auto map = int_table_map(7, "t", 3);
    CHECK_THROWS_WITH(bound(map, definition, 1000),
                      Contains("1 s after") && Contains("HINT") && Contains("binlog_row_metadata"));
}

TEST_CASE("table decoding: a table made in the second of its first rows is read") {
    auto definition = int_table("t", {"id", "a", "b"});
    definition.defined_at = 1000;
    CHECK(bound(int_table_map(7, "t", 3), definition, 1000).readers.size() == 3);
}

TEST_CASE("table decoding: a definition of unknown age is used where it fits") {
    CHECK_NOTHROW(bound(int_table_map(7, "t", 3), int_table("t", {"id", "a", "b"}), 1000));
}

TEST_CASE("table decoding: rows with names are read by their names, however new the table is") {
    auto definition = int_table("t", {"id", "b", "a"});
    definition.defined_at = 2000;
    const auto binding =
        bound(int_table_map(7, "t", 3, {"id", "a", "b"}, {'\0'}), definition, 1000);
    REQUIRE(binding.schema->columns.size() == 3);
    CHECK(binding.schema->columns[1].name == "a");
    CHECK(binding.schema->columns[2].name == "b");
}

TEST_CASE("table decoding: the primary key of the rows is the event's, not today's") {
    const auto definition = int_table("t", {"id", "a", "b"});
    const std::vector<std::string> names{"id", "a", "b"};
    SECTION("over other columns") {
        const auto binding = bound(int_table_map(7, "t", 3, names, {'\2', '\0'}), definition, 0);
        REQUIRE(binding.schema->unique_keys.size() == 1);
        CHECK(binding.schema->unique_keys[0].columns == std::vector<std::uint16_t>{2, 0});
    }
    SECTION("none at all") {
        const auto binding = bound(int_table_map(7, "t", 3, names), definition, 0);
        CHECK_FALSE(binding.schema->has_primary_key);
        CHECK(binding.schema->row_key() == nullptr);
    }
    SECTION("not said without names") {
        CHECK(bound(int_table_map(7, "t", 3), definition, 0).schema->has_primary_key);
    }
}

TEST_CASE("table decoding: a unique key over a column that could be NULL then identifies no row") {
    auto definition = int_table("t", {"id", "a"});
    definition.schema.columns[1].nullable = false;
    definition.schema.unique_keys.push_back({"u", {1}, false, false});
    const auto binding = bound(int_table_map(7, "t", 2), definition, 0);
    CHECK(binding.schema->unique_keys[1].nullable);
}

TEST_CASE("column reader: lengths and digits of another definition do not fit") {
    WireColumn wire;
    Column column;
    SECTION("varchar") {
        wire = wire_column(WireType::varchar, 80);
        column = text_column(ColumnType::text);
        CHECK(fits(wire, column, "varchar", 80));
        CHECK_FALSE(fits(wire, column, "varchar", 120));
        CHECK_FALSE(fits(wire, column, "char", 80));
        CHECK_FALSE(fits(wire, column, "text", 80));
    }
    SECTION("text") {
        wire = wire_column(WireType::blob, 2);
        column = text_column(ColumnType::text);
        CHECK(fits(wire, column, "text", 65535));
        CHECK_FALSE(fits(wire, column, "mediumtext", 16777215));
        CHECK_FALSE(fits(wire, column, "varchar", 80));
    }
    SECTION("text or bytes") {
        wire = wire_column(WireType::blob, 2, 63);
        CHECK(fits(wire, text_column(ColumnType::bytes), "blob", 65535));
        CHECK_FALSE(fits(wire, text_column(ColumnType::text), "text", 65535));
        wire.collation = 8;
        CHECK_FALSE(fits(wire, text_column(ColumnType::bytes), "blob", 65535));
    }
    SECTION("decimal") {
        wire = wire_column(WireType::decimal, 10 << 8 | 2);
        column.type = ColumnType::decimal;
        column.precision = 10;
        column.scale = 2;
        CHECK(fits(wire, column, "decimal", 0));
        column.scale = 3;
        CHECK_FALSE(fits(wire, column, "decimal", 0));
    }
    SECTION("time") {
        wire = wire_column(WireType::datetime2, 3);
        column.type = ColumnType::datetime;
        column.scale = 3;
        CHECK(fits(wire, column, "datetime", 0));
        column.scale = 0;
        CHECK_FALSE(fits(wire, column, "datetime", 0));
    }
    SECTION("bit") {
        wire = wire_column(WireType::bit, 3);
        column.type = ColumnType::bit;
        column.length = 3;
        CHECK(fits(wire, column, "bit", 0));
        column.length = 4;
        CHECK_FALSE(fits(wire, column, "bit", 0));
    }
    SECTION("set") {
        wire = wire_column(WireType::set, 1);
        column.type = ColumnType::set;
        column.labels = {"a", "b"};
        CHECK(fits(wire, column, "set", 0));
        column.labels.resize(9);
        CHECK_FALSE(fits(wire, column, "set", 0));
    }
}
