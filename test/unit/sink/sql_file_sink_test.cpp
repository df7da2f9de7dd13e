#include "lib/sink/sql_file_sink.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

#include "lib/base/error.hpp"
#include "test/unit/sink/row_fixture.hpp"
#include "test/unit/temporary_directory.hpp"

using namespace dts;
using namespace dts::test;

namespace {

/// The lines that one inserted row leaves in the file, but for the position's.
std::vector<std::string> lines_of_an_insert(bool reverse) {
    const TemporaryDirectory folder;
    const auto table = std::make_shared<const TableSchema>(make_table("t", {}));
    SqlFileSink sink({folder / "sql.log", reverse, true}, mysql_file_dialect());
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

namespace {

/// A table of one column, and groups that insert into it.
struct FileFixture {
    TemporaryDirectory folder;
    TableSchemaPtr table = std::make_shared<const TableSchema>(make_table("t", {}));
    std::vector<std::unique_ptr<Value>> values;

    std::unique_ptr<SqlFileSink> open(bool reverse = false) {
        auto sink = std::make_unique<SqlFileSink>(
            SqlFileSink::Options{folder / "sql.log", reverse, true}, mysql_file_dialect());
        checkpoint = sink->claim_checkpoint();
        return sink;
    }
    void apply(SqlFileSink& sink, int id, std::optional<std::uint64_t> ends_at) {
        values.push_back(std::make_unique<Value>(Value::int64(id)));
        WriteGroup group;
        group.writes.push_back(
            {bind_tables(table, table, {}), WriteKind::insert, {{nullptr, values.back().get()}}});
        group.ends_transaction = ends_at.has_value();
        if (ends_at) group.checkpoint = at(*ends_at);
        auto encoded = sink.encode(std::move(group));
        sink.apply(*encoded);
    }
    static PositionPtr at(std::uint64_t offset) {
        auto position = std::make_shared<MysqlPosition>();
        position->binlog_filename = "b.000001";
        position->next_event_position = offset;
        return position;
    }
    std::string text() const {
        std::ifstream file(folder / "sql.log", std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    void write(std::string_view content) const {
        std::ofstream(folder / "sql.log", std::ios::binary | std::ios::trunc) << content;
    }

    std::optional<std::string> checkpoint;  ///< as the last open() found it
};

/// Statements without their ends, the settings as SET, positions as their offsets.
std::string outline(const std::string& text) {
    std::string result;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("SET ")) line = "SET";
        if (line.starts_with("-- position: ")) {
            const auto digits = line.find("next_event_position") + 21;
            line = "@" + line.substr(digits, line.find(',', digits) - digits);
        }
        if (line.ends_with(";")) line.pop_back();
        if (const auto values = line.find('('); values != std::string::npos)
            line = line.substr(0, line.find(' ')) + line.substr(line.find_last_of('('));
        if (const auto where = line.find(" WHERE "); where != std::string::npos)
            line = line.substr(0, line.find(' ')) + line.substr(line.find_last_of('='));
        result += (result.empty() ? "" : " ") + line;
    }
    return result;
}

}  // namespace

TEST_CASE("sql.log: a large transaction is in the file part by part, and whole once it ends") {
    FileFixture f;
    auto sink = f.open();
    f.apply(*sink, 1, 100);
    f.apply(*sink, 2, std::nullopt);
    CHECK(outline(f.text()) == "SET BEGIN REPLACE(1) COMMIT @100 SET BEGIN REPLACE(2)");
    f.apply(*sink, 3, std::nullopt);
    CHECK_THROWS_AS(sink->store_checkpoint(*f.at(150)), Error);
    f.apply(*sink, 4, 200);
    CHECK(
        outline(f.text()) ==
        "SET BEGIN REPLACE(1) COMMIT @100 SET BEGIN REPLACE(2) REPLACE(3) REPLACE(4) COMMIT @200");
}

TEST_CASE("sql.log: reversed, a large transaction in parts undoes from last to first") {
    FileFixture f;
    auto sink = f.open(true);
    for (int id : {1, 2}) f.apply(*sink, id, std::nullopt);
    f.apply(*sink, 3, 100);
    CHECK(outline(f.text()) == "COMMIT DELETE=1 DELETE=2 DELETE=3 BEGIN SET @100");
}

TEST_CASE("sql.log: parts of a transaction that will not end are taken out again") {
    FileFixture f;
    auto sink = f.open();
    f.apply(*sink, 1, 100);
    f.apply(*sink, 2, std::nullopt);
    sink->abandon();
    CHECK(outline(f.text()) == "SET BEGIN REPLACE(1) COMMIT @100");
    f.apply(*sink, 3, 200);
    CHECK(outline(f.text()) == "SET BEGIN REPLACE(1) COMMIT @100 SET BEGIN REPLACE(3) COMMIT @200");
}

TEST_CASE("sql.log: cut anywhere, it goes on behind the last whole position") {
    FileFixture whole;
    auto sink = whole.open();
    whole.apply(*sink, 1, 100);
    const auto first_end = whole.text().size();
    whole.apply(*sink, 2, std::nullopt);
    whole.apply(*sink, 3, 200);
    const std::string text = whole.text();
    for (std::size_t size = 0; size <= text.size(); ++size) {
        FileFixture f;
        f.write(text.substr(0, size));
        f.open();
        const std::size_t kept = size == text.size() ? size : size >= first_end ? first_end : 0;
        REQUIRE(f.text() == text.substr(0, kept));
        REQUIRE(f.checkpoint.has_value() == (kept != 0));
        if (kept == 0) continue;
        REQUIRE(*f.checkpoint == f.at(kept == first_end ? 100 : 200)->to_json());
    }
}

TEST_CASE("sql.log: the last position is found in front of what a crash left, however long") {
    FileFixture f;
    f.apply(*f.open(), 1, 100);
    const std::string text = f.text();
    const std::string line = std::string(99, 'x') + "\n";
    // The mark at every place around the border of a block, and far from it.
    for (std::size_t tail = 256 * 1024 - 400; tail < 256 * 1024 + 50; ++tail) {
        f.write(text + std::string(tail, 'x') + "\n");
        f.open();
        REQUIRE(f.text() == text);
    }
    std::string tail;
    for (int i = 0; i < 30'000; ++i) tail += line;
    f.write(text + tail);
    f.open();
    CHECK(f.text() == text);
    CHECK(*f.checkpoint == f.at(100)->to_json());
    f.write(tail);
    f.open();
    CHECK(f.text().empty());
    CHECK_FALSE(f.checkpoint);
}
