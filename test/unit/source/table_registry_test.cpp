#include "lib/source/mysql/table_registry.hpp"

#include <catch2/catch.hpp>

#include "lib/base/error.hpp"
#include "test/unit/source/table_fixture.hpp"

using namespace dts;
using namespace dts::test;

namespace {

struct Registry {
    MemoryCatalog catalog;
    TableRegistry tables{[](auto, auto) { return true; }, catalog};

    Registry() {
        catalog.tables["accounts"] = int_table("accounts", {"id", "a"});
        tables.announce(view_of(map));
    }

    TableSchemaPtr schema(std::int64_t rows_time = 1000) {
        return tables.decoding(tables.find(1), rows_time).schema;
    }

    std::string map = int_table_map(1, "accounts", 2);
};

}  // namespace

TEST_CASE("table registry: a statement that hides names makes every definition be asked anew") {
    Registry registry;
    registry.schema();
    REQUIRE(registry.catalog.asked == 1);
    SECTION("another table's statement asks nothing") {
        registry.tables.definition_changed("ALTER TABLE other ADD x INT", 1000);
        registry.schema();
        CHECK(registry.catalog.asked == 1);
    }
    SECTION("its own") {
        registry.tables.definition_changed("ALTER TABLE accounts ADD x INT", 1000);
        registry.schema();
        CHECK(registry.catalog.asked == 2);
    }
    SECTION("bytes of another character set") {
        registry.tables.definition_changed("ALTER TABLE \xd6\xd0 ADD x INT", 1000);
        registry.schema();
        CHECK(registry.catalog.asked == 2);
    }
    SECTION("comments that are executed") {
        registry.tables.definition_changed("ALTER /*M!100100 TABLE x */ ADD x INT", 1000);
        registry.schema();
        registry.tables.definition_changed("ALTER /*!50000 TABLE x */ ADD x INT", 1000);
        registry.schema();
        CHECK(registry.catalog.asked == 3);
    }
}

TEST_CASE("table registry: a definition that is the same stays the same object") {
    Registry registry;
    const auto before = registry.schema();
    registry.tables.definition_changed("ALTER TABLE accounts COMMENT 'x'", 1000);
    CHECK(registry.schema() == before);
    registry.tables.definition_changed("ALTER TABLE accounts RENAME COLUMN a TO b", 1000);
    registry.catalog.tables["accounts"] = int_table("accounts", {"id", "b"});
    const auto after = registry.schema();
    CHECK(after != before);
    CHECK(after->columns[1].name == "b");
}

TEST_CASE("table registry: a definition read before a table was altered holds until that passes") {
    Registry registry;
    const auto before = registry.schema(1000);
    // The server altered the table at 1005; rows of 1001 are still to come.
    registry.catalog.tables["accounts"] = int_table("accounts", {"id", "b"});
    registry.catalog.tables["accounts"].defined_at = 1005;
    CHECK(registry.schema(1001) == before);
    registry.tables.definition_changed("ALTER TABLE accounts RENAME COLUMN a TO b", 1005);
    // These rows waited for the statement: they are behind it though they began before it.
    CHECK(registry.schema(1002)->columns[1].name == "b");
}

TEST_CASE("table registry: rows before a statement that the stream has not shown are refused") {
    Registry registry;
    registry.catalog.tables["accounts"].defined_at = 1005;
    CHECK_THROWS_AS(registry.schema(1004), Error);
    registry.tables.definition_changed("ALTER TABLE other ADD x INT", 1004);
    CHECK_THROWS_AS(registry.schema(1004), Error);
    CHECK_NOTHROW(registry.schema(1005));
}

TEST_CASE("table registry: a failed binding is tried again, not used") {
    Registry registry;
    registry.schema();
    registry.tables.definition_changed("ALTER TABLE accounts ADD x INT", 1000);
    registry.catalog.tables["accounts"].defined_at = 2000;
    CHECK_THROWS_AS(registry.schema(), Error);
    CHECK_THROWS_AS(registry.schema(), Error);
}
