#include "lib/sink/sql_text.hpp"

#include <catch2/catch.hpp>

#include "test/unit/sink/row_fixture.hpp"

using namespace dts;
using namespace dts::test;

namespace {

std::string literal(const Value& value, Column column = {}, bool by_label = false) {
    std::string out;
    sql_text::append_literal(out, value, column, by_label);
    return out;
}

Column with_charset(const char* charset) {
    Column column;
    column.charset = charset;
    return column;
}

Column with_scale(ColumnType type, std::uint8_t scale) {
    Column column;
    column.type = type;
    column.scale = scale;
    return column;
}

}  // namespace

TEST_CASE("sql text: numbers keep every digit") {
    CHECK(literal(Value::int64(INT64_MIN)) == "-9223372036854775808");
    CHECK(literal(Value::uint64(UINT64_MAX)) == "18446744073709551615");
    CHECK(literal(Value::view(ValueKind::decimal, "-0.10")) == "-0.10");
    CHECK(std::stod(literal(Value::float64(0.1))) == 0.1);
    CHECK(static_cast<float>(std::stod(literal(Value::float32(1.1F)))) == 1.1F);
    CHECK(literal(Value::null()) == "NULL");
}

TEST_CASE("sql text: text is escaped, and other character sets travel as hex") {
    using namespace std::string_literals;
    CHECK(literal(text("it's\\ a\n\0\x1a"s), with_charset("utf8mb4")) == R"('it\'s\\ a\n\0\Z')");
    CHECK(literal(text("\xe9"), with_charset("latin1")) == "_latin1 x'E9'");
    CHECK(literal(text("\x95\x5c"), with_charset("sjis")) == "_sjis x'955C'");
    CHECK(literal(text(""), with_charset("latin1")) == "''");
    CHECK(literal(Value::view(ValueKind::bytes, "\x00\xff"s)) == "x'00FF'");
}

TEST_CASE("sql text: dates that do not exist survive") {
    CHECK(literal(Value::date({2024, 0, 10, 0, 0, 0, 0}), with_scale(ColumnType::date, 0)) ==
          "'2024-00-10'");
    CHECK(literal(Value::datetime({0, 0, 0, 0, 0, 0, 0}), with_scale(ColumnType::datetime, 3)) ==
          "'0000-00-00 00:00:00.000'");
    CHECK(literal(Value::datetime({9999, 12, 31, 23, 59, 59, 999999}),
                  with_scale(ColumnType::datetime, 6)) == "'9999-12-31 23:59:59.999999'");
    CHECK(literal(Value::time(-3'020'399'000'000), with_scale(ColumnType::time, 0)) ==
          "'-838:59:59'");
    CHECK(literal(Value::time(1'500'000), with_scale(ColumnType::time, 1)) == "'00:00:01.5'");
    CHECK(literal(Value::timestamp(0), with_scale(ColumnType::timestamp, 0)) ==
          "'0000-00-00 00:00:00'");
    CHECK(literal(Value::timestamp(1'728'548'058'123'000), with_scale(ColumnType::timestamp, 3)) ==
          "'2024-10-10 08:14:18.123'");
}

TEST_CASE("sql text: labels take the place of ordinals where the target's differ") {
    Column colour;
    colour.type = ColumnType::enumeration;
    colour.labels = {"red", "it's"};
    CHECK(literal(Value::uint64(2), colour, false) == "2");
    CHECK(literal(Value::uint64(2), colour, true) == R"('it\'s')");
    CHECK_THROWS_WITH(literal(Value::uint64(3), colour, true), Catch::Contains("no label 3"));
    colour.type = ColumnType::set;
    CHECK(literal(Value::uint64(3), colour, true) == R"('red,it\'s')");
    CHECK(literal(Value::uint64(0), colour, true) == "''");
}

TEST_CASE("sql text: statements name only what the row carries") {
    const auto t = std::make_shared<TableSchema>(make_table("t`x", {"a", "b"}));
    const auto binding = bind_tables(t, t, {});
    const Value before[] = {Value::int64(1), text("x"), Value::null()};
    const Value after[] = {Value::int64(2), Value(), text("y")};
    std::string out;
    sql_text::append_statement(out, *binding, WriteKind::update, {before, after},
                               sql_text::InsertForm::plain);
    CHECK(out == "UPDATE `db`.`t``x` SET `id`=2,`b`='y' WHERE `id`=1");
    out.clear();
    sql_text::append_statement(out, *binding, WriteKind::insert, {nullptr, before},
                               sql_text::InsertForm::merge);
    CHECK(out ==
          "INSERT INTO `db`.`t``x`(`id`,`a`,`b`) VALUES (1,'x',NULL) ON DUPLICATE KEY UPDATE "
          "`id`=VALUES(`id`),`a`=VALUES(`a`),`b`=VALUES(`b`)");
}

TEST_CASE("sql text: a keyless row is matched in every column, and once") {
    const auto t = std::make_shared<TableSchema>(make_table("t", {"a"}, false));
    const auto binding = bind_tables(t, t, {});
    const Value row[] = {Value::null(), text("Ab")};
    std::string out;
    sql_text::append_statement(out, *binding, WriteKind::remove_exact, {row, nullptr},
                               sql_text::InsertForm::plain);
    CHECK(out ==
          "DELETE FROM `db`.`t` WHERE `id`<=>NULL AND `a`<=>'Ab' AND CAST(`a` AS BINARY)=x'4162' "
          "LIMIT 1");
}
