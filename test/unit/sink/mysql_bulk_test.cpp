#include "lib/sink/mysql_bulk.hpp"

#include <catch2/catch.hpp>

#include <mysql.h>

#include "test/unit/sink/row_fixture.hpp"

using namespace dts;
using namespace dts::test;

namespace {

/// A table with the one key column of make_table and a column that is given.
TableSchemaPtr table_with(Column column) {
    TableSchema table = make_table("t", {});
    column.name = "a";
    table.columns.push_back(std::move(column));
    return std::make_shared<const TableSchema>(std::move(table));
}

Column text_in(const char* charset) {
    Column column;
    column.charset = charset;
    return column;
}

Column json() {
    Column column;
    column.type = ColumnType::json;
    return column;
}

BulkStatement statement(Column from, Column to, WriteKind kind) {
    auto binding = bind_tables(table_with(std::move(from)), table_with(std::move(to)), {});
    return {std::move(binding), kind, sql_text::InsertForm::plain};
}

/// The wire type of each parameter.
std::vector<int> types_of(const BulkStatement& bulk, std::size_t parameters) {
    std::string head;
    bulk.append_head(head);
    REQUIRE(head.size() == 6 + 2 * parameters);
    std::vector<int> types;
    for (std::size_t i = 6; i < head.size(); i += 2) {
        types.push_back(static_cast<unsigned char>(head[i]));
    }
    return types;
}

const std::vector<int> as_binary = {MYSQL_TYPE_LONGLONG, MYSQL_TYPE_BLOB};
const std::vector<int> as_text = {MYSQL_TYPE_LONGLONG, MYSQL_TYPE_STRING};

}  // namespace

TEST_CASE("mysql bulk: text travels as binary where the target holds the same bytes") {
    for (const char* charset : {"utf8mb4", "utf8mb3", "latin1", "utf16"}) {
        INFO(charset);
        const auto bulk = statement(text_in(charset), text_in(charset), WriteKind::insert);
        CHECK(bulk.sql() == "INSERT INTO `db`.`t`(`id`,`a`) VALUES (?,?)");
        CHECK(types_of(bulk, 2) == as_binary);
    }
    CHECK(types_of(statement(json(), text_in("utf8mb4"), WriteKind::insert), 2) == as_binary);
}

TEST_CASE("mysql bulk: the target converts text of another character set") {
    const auto wider = statement(text_in("utf8mb3"), text_in("utf8mb4"), WriteKind::insert);
    CHECK(types_of(wider, 2) == as_text);
    CHECK(types_of(statement(json(), text_in("latin1"), WriteKind::insert), 2) == as_text);

    const auto other = statement(text_in("latin1"), text_in("utf8mb4"), WriteKind::insert);
    CHECK(other.sql() == "INSERT INTO `db`.`t`(`id`,`a`) VALUES (?,CONVERT(? USING latin1))");
    CHECK(types_of(other, 2) == as_binary);
}

TEST_CASE("mysql bulk: a column that takes text and has no character set is given text") {
    // A UUID's binary form is another one.
    CHECK(types_of(statement(text_in("ascii"), text_in(""), WriteKind::insert), 2) == as_text);
    CHECK(types_of(statement(text_in(""), text_in(""), WriteKind::insert), 2) == as_text);
}

TEST_CASE("mysql bulk: a key is compared as text, with the column's collation") {
    TableSchema keyed = make_table("t", {"a"});
    keyed.unique_keys = {{"PRIMARY", {1}, false, false}};
    keyed.columns[1].nullable = false;
    const auto table = std::make_shared<const TableSchema>(std::move(keyed));
    const auto binding = bind_tables(table, table, {});
    const BulkStatement remove(binding, WriteKind::remove, sql_text::InsertForm::plain);
    CHECK(remove.sql() == "DELETE FROM `db`.`t` WHERE `a`=?");
    CHECK(types_of(remove, 1) == std::vector<int>{MYSQL_TYPE_STRING});
    const BulkStatement update(binding, WriteKind::update, sql_text::InsertForm::plain);
    CHECK(update.sql() == "UPDATE `db`.`t` SET `id`=?,`a`=? WHERE `a`=?");
    CHECK(types_of(update, 3) ==
          std::vector<int>{MYSQL_TYPE_LONGLONG, MYSQL_TYPE_BLOB, MYSQL_TYPE_STRING});
}
