#include <catch2/catch.hpp>

#include "lib/base/error.hpp"
#include "lib/sink/table_binding.hpp"
#include "lib/sink/translation/json_numbers.hpp"
#include "lib/sink/translation/postgres_literal.hpp"
#include "lib/sink/translation/row_translation.hpp"

using namespace dts;
using Catch::Contains;

namespace {

Column mysql_column(std::string name, ColumnType type, std::string charset = {}) {
    Column column;
    column.name = std::move(name);
    column.type = type;
    column.charset = std::move(charset);
    return column;
}

Column postgres_column(std::string name, std::string type, std::int32_t modifier = -1) {
    Column column;
    column.name = std::move(name);
    column.base_type = column.type_name = std::move(type);
    column.type_modifier = modifier;
    return column;
}

TableSchemaPtr table_of(std::vector<Column> columns, bool folds_case) {
    auto table = std::make_shared<TableSchema>();
    table->schema = "s";
    table->table = "t";
    table->columns = std::move(columns);
    table->unique_keys.push_back({"key", {0}, false, false});
    table->names_fold_case = folds_case;
    return table;
}

std::string failure_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.what();
    }
    return "none";
}

}  // namespace

TEST_CASE("translation: a row keeps NULL, unchanged and absent, and what it does not write") {
    const auto source = table_of(
        {postgres_column("id", "int4"), postgres_column("v", "text"), postgres_column("w", "bool")},
        false);
    const auto target = table_of(
        {mysql_column("id", ColumnType::int32), mysql_column("v", ColumnType::text, "utf8mb4"),
         mysql_column("w", ColumnType::int8)},
        true);
    const auto binding = bind_tables(source, target, {}, postgres_to_mysql);
    REQUIRE(binding->translation);
    CHECK(binding->source->columns[0].type == ColumnType::int32);
    const Value before[] = {Value::view(ValueKind::text, "7"), Value(), Value()};
    const Value after[] = {Value::view(ValueKind::text, "7"), Value::of(ValueKind::unchanged),
                           Value::null()};
    Arena arena;
    const RowChange change =
        (*binding->translation)({source.get(), before, after, ChangeKind::update, true}, arena);
    CHECK(change.partial);
    CHECK(change.before[0] == Value::int64(7));
    CHECK(change.before[1] == Value());
    CHECK(change.after[1] == Value::of(ValueKind::unchanged));
    CHECK(change.after[2].is_null());
}

TEST_CASE("translation: a refused value names table, row, column, both types and the value") {
    const auto source = table_of(
        {mysql_column("id", ColumnType::int32), mysql_column("at", ColumnType::date)}, true);
    const auto target =
        table_of({postgres_column("id", "int4"), postgres_column("at", "date")}, false);
    const auto binding = bind_tables(source, target, {}, mysql_to_postgres);
    const Value row[] = {Value::int64(8), Value::date({})};
    Arena arena;
    const auto text = failure_of([&] {
        (*binding->translation)({source.get(), nullptr, row, ChangeKind::insert}, arena);
    });
    CHECK_THAT(text, Contains("source table `s`.`t`, row id=8: the value '0000-00-00' of column at "
                              "(DATE) cannot be written to target column at (date)"));
    CHECK_THAT(text, Contains("HINT"));
}

TEST_CASE("translation: what has no rule is refused when the table is bound") {
    const auto source = table_of(
        {mysql_column("id", ColumnType::int32), mysql_column("b", ColumnType::bytes)}, true);
    const auto target =
        table_of({postgres_column("id", "int4"), postgres_column("b", "text")}, false);
    const auto text = failure_of([&] { bind_tables(source, target, {}, mysql_to_postgres); });
    CHECK_THAT(text, Contains("column b of source table `s`.`t` is binary, column b of target "
                              "table \"s\".\"t\" is text"));
}

TEST_CASE("translation: columns match as written, else without case, and never two to one") {
    const auto source = table_of({mysql_column("ID", ColumnType::int32)}, true);
    const auto lower = table_of({postgres_column("id", "int4")}, false);
    CHECK(bind_tables(source, lower, {}, mysql_to_postgres)->fields.size() == 1);
    const auto two =
        table_of({postgres_column("Id", "int4"), postgres_column("iD", "int4")}, false);
    CHECK_THAT(failure_of([&] { bind_tables(source, two, {}, mysql_to_postgres); }),
               Contains("differ from it in case alone"));
    const auto pair =
        table_of({postgres_column("Id", "int4"), postgres_column("iD", "int4")}, false);
    const auto one = table_of({mysql_column("id", ColumnType::int32)}, true);
    CHECK_THAT(failure_of([&] { bind_tables(pair, one, {}, postgres_to_mysql); }),
               Contains("both go to column id"));
}

TEST_CASE("translation: a unique key whose collation takes two texts for one is refused") {
    const auto source = table_of({postgres_column("k", "text")}, false);
    Column key = mysql_column("k", ColumnType::text, "utf8mb4");
    key.collation = "utf8mb4_general_ci";
    CHECK_THAT(
        failure_of([&] { bind_tables(source, table_of({key}, true), {}, postgres_to_mysql); }),
        Contains("utf8mb4_general_ci takes different texts for the same"));
    key.collation = "utf8mb4_bin";
    const auto binding = bind_tables(source, table_of({key}, true), {}, postgres_to_mysql);
    Arena arena;
    const auto insert = [&](std::string_view text) {
        const Value row[] = {Value::view(ValueKind::text, text)};
        (*binding->translation)({source.get(), nullptr, row, ChangeKind::insert}, arena);
    };
    CHECK(failure_of([&] { insert("a"); }) == "none");
    CHECK_THAT(failure_of([&] { insert("a "); }), Contains("without the spaces at its end"));
}

TEST_CASE("translation: arrays of Postgres as JSON") {
    using postgres_literal::json_of_array;
    CHECK(json_of_array("{}", "int4") == "[]");
    CHECK(json_of_array("{{1,NULL},{-3,4}}", "int4") == "[[1,null],[-3,4]]");
    CHECK(json_of_array("{1.50,-2e+20}", "float8") == "[1.50,-2e+20]");
    CHECK(json_of_array("{t,f}", "bool") == "[true,false]");
    CHECK(json_of_array(R"({a,"b,c","d\"e\\f","NULL",NULL,""})", "text") ==
          R"(["a","b,c","d\"e\\f","NULL",null,""])");
    CHECK(json_of_array(R"({"{\"a\": 1}"})", "jsonb") == R"([{"a": 1}])");
    for (const char* broken :
         {"", "{", "{1", "{1,}x", "{\"a", "{\"a\\", "1", "{1}{2}", "[0:1]={1,2}", "{,}", "{NaN"})
        CHECK(failure_of([&] { json_of_array(broken, "int4"); }) != "none");
    CHECK_THAT(failure_of([] { json_of_array("{NaN}", "float8"); }), Contains("no number NaN"));
}

TEST_CASE("translation: dates and times as Postgres prints them") {
    using postgres_literal::read_civil;
    using postgres_literal::read_time;
    CHECK(read_civil("2024-02-29").packed() == CivilTime{2024, 2, 29, 0, 0, 0, 0}.packed());
    CHECK(read_civil("2024-02-29 12:34:56.12").packed() ==
          CivilTime{2024, 2, 29, 12, 34, 56, 120'000}.packed());
    CHECK(read_civil("2024-01-01 00:30:00+05:30").packed() ==
          CivilTime{2023, 12, 31, 19, 0, 0, 0}.packed());
    CHECK(read_civil("2024-01-01 00:00:00+00").packed() ==
          CivilTime{2024, 1, 1, 0, 0, 0, 0}.packed());
    CHECK(read_time("24:00:00") == 86'400'000'000);
    for (const char* refused : {"infinity", "-infinity", "0044-03-15 BC", "10000-01-01", "", "2024",
                                "2024-02-29 12", "2024-02-29T12:00:00"})
        CHECK(failure_of([&] { read_civil(refused); }) != "none");
}

TEST_CASE("translation: MySQL's character sets become UTF-8") {
    const auto decode = [](std::string_view charset, std::string_view bytes) {
        const auto decoder = CharsetDecoder::find(charset);
        REQUIRE(decoder);
        return decoder->decode(bytes);
    };
    CHECK(decode("latin1", "\xE9\x80\xFF") == "é€ÿ");
    CHECK(decode("latin1", "a\x81z") == "a\xC2\x81z");
    CHECK(decode("cp1251", "\xCF\xF0") == "Пр");
    CHECK(decode("ucs2", std::string_view("\x65\xE5", 2)) == "日");
    CHECK(decode("utf16", std::string_view("\xD8\x3D\xDE\x00", 4)) == "😀");
    for (const auto* charset :
         {"latin1", "latin2", "latin5", "cp1250", "cp1251", "cp850", "cp852", "cp866", "koi8r"}) {
        INFO(charset);
        for (char c = 1; c < 0x7F; ++c) CHECK(decode(charset, {&c, 1}) == std::string(1, c));
    }
    for (const auto* charset : {"sjis", "gbk", "dec8"})
        CHECK(CharsetDecoder::find(charset) == nullptr);
    CHECK_THAT(failure_of([&] { decode("utf16", "a"); }), Contains("no text"));
}

TEST_CASE("translation: of a row as it was, only what finds it is looked at") {
    const auto source = table_of(
        {mysql_column("id", ColumnType::int32), mysql_column("at", ColumnType::date)}, true);
    const auto target =
        table_of({postgres_column("id", "int4"), postgres_column("at", "date")}, false);
    const auto binding = bind_tables(source, target, {}, mysql_to_postgres);
    const Value before[] = {Value::int64(8), Value::date({})};
    const Value after[] = {Value::int64(8), Value::date({2024, 2, 29, 0, 0, 0, 0})};
    Arena arena;
    const RowChange change =
        (*binding->translation)({source.get(), before, after, ChangeKind::update}, arena);
    CHECK(change.before[0].as_view() == "8");
    CHECK_FALSE(change.before[1].is_carried());
    CHECK(change.after[1].as_view() == "2024-02-29");
}

TEST_CASE("translation: NULL is not written to a column that is NOT NULL") {
    const auto source =
        table_of({postgres_column("id", "int4"), postgres_column("n", "int4")}, false);
    Column not_null = mysql_column("n", ColumnType::int32);
    not_null.nullable = false;
    const auto binding =
        bind_tables(source, table_of({mysql_column("id", ColumnType::int32), not_null}, true), {},
                    postgres_to_mysql);
    const Value row[] = {Value::view(ValueKind::text, "1"), Value::null()};
    Arena arena;
    CHECK_THAT(failure_of([&] {
                   (*binding->translation)({source.get(), nullptr, row, ChangeKind::insert}, arena);
               }),
               Contains("the value NULL of column n") && Contains("NOT NULL"));
}

TEST_CASE("translation: a unique key of Postgres tells the source's texts apart, or is refused") {
    const auto source = table_of({mysql_column("k", ColumnType::text, "utf8mb4")}, true);
    const auto refusal = [&](Column key) {
        return failure_of(
            [&] { bind_tables(source, table_of({key}, false), {}, mysql_to_postgres); });
    };
    CHECK(refusal(postgres_column("k", "text")) == "none");
    CHECK(refusal(postgres_column("k", "uuid")) == "none");
    CHECK_THAT(refusal(postgres_column("k", "public.citext")),
               Contains("its type takes different"));
    CHECK_THAT(refusal(postgres_column("k", "inet")), Contains("its type takes different"));
    Column no_case = postgres_column("k", "varchar", 14);
    no_case.collation = "no_case";
    CHECK_THAT(refusal(no_case), Contains("its collation no_case takes different"));
}

TEST_CASE("translation: numbers that a JSON of MySQL would round are refused") {
    for (const char* kept : {"0", "-1", "1.50", "1e300", "18446744073709551615", "0.1",
                             "[1, 2.5e-7, {\"a\": -0.25}]", "\"12345678901234567890123\"",
                             "9007199254740993", "1E+2", "0.0", "100000000000000000000"})
        CHECK(failure_of([&] { require_numbers_of_mysql(kept); }) == "none");
    for (const char* rounded :
         {"18446744073709551617", "[0.12345678901234567890]", "{\"a\": 9007199254740993.5}",
          "0.1000000000000000055511151231257827"})
        CHECK_THAT(failure_of([&] { require_numbers_of_mysql(rounded); }), Contains("all digits"));
    CHECK(failure_of([] { require_numbers_of_mysql("1e400"); }) ==
          "none");  // the server's to refuse
}
