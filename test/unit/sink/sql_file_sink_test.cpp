#include "lib/sink/sql_file_sink.hpp"

#include <catch2/catch.hpp>

#include <fstream>

#include "test/unit/sink/row_fixture.hpp"
#include "test/unit/temporary_directory.hpp"

using namespace dts;
using namespace dts::test;

namespace {

/// The lines that one inserted row leaves in the file, but for the position's.
std::vector<std::string> lines_of_an_insert(bool reverse) {
    const TemporaryDirectory folder;
    const auto table = std::make_shared<const TableSchema>(make_table("t", {}));
    SqlFileSink sink({folder / "sql.log", reverse, true});
    sink.claim_checkpoint();
    const Value row[] = {Value::int64(1)};
    WriteGroup group;
    group.writes.push_back({bind_tables(table, table, {}), WriteKind::insert, {{nullptr, row}}});
    group.checkpoint = std::make_shared<MysqlPosition>();
    auto encoded = sink.encode(std::move(group));
    sink.apply(*encoded);

    std::vector<std::string> lines;
    std::ifstream file(folder / "sql.log");
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("-- position: ")) lines.push_back(line);
    }
    return lines;
}

}  // namespace

TEST_CASE("sql.log: a transaction brings the settings that its statements are written for") {
    const auto lines = lines_of_an_insert(false);
    REQUIRE(lines.size() == 4);
    CHECK_THAT(lines[0], Catch::StartsWith("SET ") && Catch::Contains("time_zone='+00:00'") &&
                             Catch::Contains("ALLOW_INVALID_DATES") &&
                             Catch::Contains("NO_AUTO_VALUE_ON_ZERO") && Catch::EndsWith(";"));
    CHECK(lines[1] == "BEGIN;");
    CHECK(lines[2] == "REPLACE INTO `db`.`t`(`id`) VALUES (1);");
    CHECK(lines[3] == "COMMIT;");
}

TEST_CASE("sql.log: reversed, they come first from last to first") {
    const auto lines = lines_of_an_insert(true);
    REQUIRE(lines.size() == 4);
    CHECK(lines[0] == "COMMIT;");
    CHECK(lines[1] == "DELETE FROM `db`.`t` WHERE `id`=1;");
    CHECK(lines[2] == "BEGIN;");
    CHECK_THAT(lines[3], Catch::StartsWith("SET "));
}
