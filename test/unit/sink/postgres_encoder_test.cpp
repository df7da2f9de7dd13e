#include "lib/sink/postgres_encoder.hpp"

#include <catch2/catch.hpp>

#include "test/unit/sink/row_fixture.hpp"

using namespace dts;
using namespace dts::test;

namespace {

Column column(const char* name, const char* type, bool nullable = true) {
    Column result;
    result.name = name;
    result.type_name = type;
    result.nullable = nullable;
    return result;
}

/// "s"."t" (id bigint, "V" text, n numeric), with the primary key id.
TableSchema target_table(bool with_key = true) {
    TableSchema table;
    table.schema = "s";
    table.table = "t";
    table.names_fold_case = false;
    table.columns = {column("id", "bigint", !with_key), column("V", "text"),
                     column("n", "numeric")};
    if (with_key) {
        table.unique_keys.push_back({"t_pkey", {0}, false, false});
        table.has_primary_key = true;
    }
    return table;
}

struct Rows {
    explicit Rows(const TableSchema& target)
        : binding(bind_tables(std::make_shared<TableSchema>(target),
                              std::make_shared<TableSchema>(target), {})) {}

    const Value* row(std::vector<Value> values) {
        kept.push_back(std::make_unique<std::vector<Value>>(std::move(values)));
        return kept.back()->data();
    }
    void write(WriteKind kind, std::vector<RowWrite> rows, bool distinct = false) {
        group.writes.push_back({binding, kind, std::move(rows), distinct});
    }
    /// What is executed, one piece a line; COPY with its lines behind it.
    std::string encoded(bool replace = false, PostgresEncoder::Options options = {}) {
        options.few_rows = few_rows;
        PostgresEncodedGroup result(std::move(group));
        PostgresEncoder(options).encode(result, replace);
        std::string out;
        for (const auto& s : result.statements) {
            if (!s.command.empty()) out += s.command + ":";
            out += result.buffer.substr(s.begin, s.end - s.begin);
            if (out.back() != '\n') out += '\n';
        }
        return out;
    }

    TableBindingPtr binding;
    std::vector<std::unique_ptr<std::vector<Value>>> kept;
    WriteGroup group;
    std::size_t few_rows = 0;
};

Value unchanged_value() {
    return Value::of(ValueKind::unchanged);
}

constexpr const char* copy_t = R"(COPY "s"."t"("id","V","n") FROM STDIN:)";

}  // namespace

TEST_CASE("postgres encoder: new rows are copied, with what COPY reads escaped") {
    Rows rows(target_table());
    rows.write(WriteKind::insert,
               {{nullptr, rows.row({text("1"), text("a\tb\\c\nd\re"), Value::null()})},
                {nullptr, rows.row({text("2"), text(""), text("1.50")})}});
    CHECK(rows.encoded() == std::string(copy_t) + "1\ta\\tb\\\\c\\nd\\re\t\\N\n2\t\t1.50\n");
}

TEST_CASE("postgres encoder: a few rows are no COPY, unless they are large or rules may see them") {
    const auto first_word = [](std::size_t rows, std::size_t bytes, bool may_delete) {
        Rows few(target_table());
        few.few_rows = 2;
        std::vector<RowWrite> writes;
        const std::string v(bytes, 'v');
        for (std::size_t i = 0; i < rows; ++i)
            writes.push_back({nullptr, few.row({text("1"), text(v), Value::null()})});
        few.write(WriteKind::insert, std::move(writes));
        const std::string all = few.encoded(false, {1000, may_delete});
        return all.substr(0, all.find(' '));
    };
    CHECK(first_word(2, 10, true) == "INSERT");
    CHECK(first_word(3, 10, true) == "COPY");
    CHECK(first_word(1, 5000, true) == "COPY");
    CHECK(first_word(1, 10, false) == "COPY");
    Rows few(target_table());
    few.few_rows = 2;
    few.write(WriteKind::insert,
              {{nullptr, few.row({text("1"), text("a\tb\\c\nd\re'"), Value::null()})},
               {nullptr, few.row({text("2"), text(""), text("1.50")})}});
    CHECK(few.encoded() ==
          "INSERT INTO \"s\".\"t\"(\"id\",\"V\",\"n\") OVERRIDING SYSTEM VALUE VALUES "
          "('1',E'a\tb\\\\c\\nd\\re''',NULL),('2','','1.50');\n");
}

TEST_CASE("postgres encoder: whole rows are deleted by their keys, all of them, and copied") {
    Rows rows(target_table());
    rows.write(WriteKind::upsert,
               {{nullptr, rows.row({text("1"), text("x"), text("1")})},
                {nullptr, rows.row({text("2"), text("y"), text("2")})},
                {nullptr, rows.row({text("3"), text("z"), text("3")})}},
               true);
    CHECK(rows.encoded(false, {2, true}) ==
          std::string("DELETE FROM \"s\".\"t\" WHERE \"id\"=ANY('{1,2}'::bigint[]);\n"
                      "DELETE FROM \"s\".\"t\" WHERE (\"id\"='3');\n") +
              copy_t + "1\tx\t1\n2\ty\t2\n3\tz\t3\n");
}

TEST_CASE("postgres encoder: whole rows are overwritten in place where one key is all there is") {
    auto table = target_table();
    table.unique_keys[0].finds_conflicts = true;
    const auto overwritten = [&](std::size_t batch_rows, bool replace = false) {
        Rows rows(table);
        rows.write(WriteKind::upsert,
                   {{nullptr, rows.row({text("1"), text("it's \"x\"\\"), text("-1.50")})},
                    {nullptr, rows.row({text("2"), text(""), Value::null()})},
                    {nullptr, rows.row({text("3"), text("NULL"), text("NaN")})}},
                   true);
        return rows.encoded(replace, {batch_rows, true});
    };
    const std::string insert =
        "INSERT INTO \"s\".\"t\"(\"id\",\"V\",\"n\") OVERRIDING SYSTEM VALUE SELECT * FROM unnest(";
    const std::string conflict =
        ") ON CONFLICT (\"id\") DO UPDATE SET \"V\"=EXCLUDED.\"V\",\"n\"=EXCLUDED.\"n\";\n";
    CHECK(
        overwritten(2) ==
        insert +
            "'{1,2}'::bigint[],'{\"it''s \\\"x\\\"\\\\\",\"\"}'::text[],'{-1.50,NULL}'::numeric[]" +
            conflict + insert + "'{3}'::bigint[],'{\"NULL\"}'::text[],'{\"NaN\"}'::numeric[]" +
            conflict);

    CHECK_THAT(overwritten(9, true), Catch::StartsWith("DELETE"));
    SECTION("another unique key") {
        table.unique_keys.push_back({"t_v", {1}, true, false});
    }
    SECTION("a key that ON CONFLICT does not take") {
        table.unique_keys[0].finds_conflicts = false;
    }
    SECTION("an array, which comes apart in an array of arrays") {
        table.columns[1].fits_array = false;
    }
    SECTION("an identity column that can not be set") {
        table.columns[1].always_identity = true;
    }
    CHECK_THAT(overwritten(9), Catch::StartsWith("DELETE"));
}

TEST_CASE("postgres encoder: large rows are copied, not given as arrays") {
    auto table = target_table();
    table.unique_keys[0].finds_conflicts = true;
    Rows rows(table);
    const std::string large(5000, 'x');
    rows.write(WriteKind::upsert, {{nullptr, rows.row({text("1"), text(large), text("1")})}}, true);
    CHECK_THAT(rows.encoded(), Catch::StartsWith("DELETE"));
}

TEST_CASE("postgres encoder: a row that comes twice in order is written twice, in order") {
    Rows rows(target_table());
    rows.write(WriteKind::upsert, {{nullptr, rows.row({text("1"), text("x"), text("1")})},
                                   {nullptr, rows.row({text("1"), text("y"), text("1")})}});
    CHECK(rows.encoded() == std::string("DELETE FROM \"s\".\"t\" WHERE (\"id\"='1');\n") + copy_t +
                                "1\tx\t1\nDELETE FROM \"s\".\"t\" WHERE (\"id\"='1');\n" + copy_t +
                                "1\ty\t1\n");
}

TEST_CASE("postgres encoder: keys of several columns are matched side by side, quotes and all") {
    auto table = target_table();
    table.unique_keys[0].columns = {0, 1};
    table.columns[1].nullable = false;
    Rows rows(table);
    rows.write(WriteKind::remove, {{rows.row({text("1"), text("it's \"x\"\\"), Value()}), nullptr},
                                   {rows.row({text("2"), text("b"), Value()}), nullptr}});
    CHECK(rows.encoded() ==
          "DELETE FROM \"s\".\"t\" t USING unnest('{1,2}'::bigint[],'{\"it''s "
          "\\\"x\\\"\\\\\",\"b\"}'::text[]) k(k0,k1) WHERE t.\"id\"=k.k0 AND t.\"V\"=k.k1;\n");
}

TEST_CASE("postgres encoder: keys that are arrays are matched one by one") {
    auto table = target_table();
    table.columns[0].fits_array = false;
    Rows rows(table);
    rows.write(WriteKind::remove, {{rows.row({text("{1,2}"), Value(), Value()}), nullptr},
                                   {rows.row({text("{3}"), Value(), Value()}), nullptr}});
    CHECK(rows.encoded() == "DELETE FROM \"s\".\"t\" WHERE (\"id\"='{1,2}') OR (\"id\"='{3}');\n");
}

TEST_CASE("postgres encoder: a key with an operator of its own is found by it, as its type") {
    auto table = target_table();
    table.columns[0].type_name = "ext.ltree";
    table.columns[0].equality = " OPERATOR(\"ext\".=)";
    Rows rows(table);
    const auto remove = [&](std::vector<const char*> keys) {
        std::vector<RowWrite> removed;
        for (const char* key : keys)
            removed.push_back({rows.row({text(key), text("x"), Value()}), nullptr});
        rows.write(WriteKind::remove, removed);
    };
    remove({"A.b"});
    remove({"A.b", "C"});
    rows.write(WriteKind::update, {{rows.row({text("A.b"), Value(), Value()}),
                                    rows.row({text("C"), unchanged_value(), Value::null()})}});
    CHECK(rows.encoded() ==
          "DELETE FROM \"s\".\"t\" WHERE (\"id\" OPERATOR(\"ext\".=)'A.b'::ext.ltree);\n"
          "DELETE FROM \"s\".\"t\" WHERE "
          "\"id\" OPERATOR(\"ext\".=)ANY('{\"A.b\",\"C\"}'::ext.ltree[]);\n"
          "UPDATE \"s\".\"t\" SET \"id\"='C',\"n\"=NULL WHERE "
          "\"id\" OPERATOR(\"ext\".=)'A.b'::ext.ltree;\n");
    table.unique_keys[0].columns = {0, 1};
    rows.binding = Rows(table).binding;
    remove({"A.b", "C"});
    CHECK(rows.encoded() ==
          "DELETE FROM \"s\".\"t\" t USING "
          "unnest('{\"A.b\",\"C\"}'::ext.ltree[],'{\"x\",\"x\"}'::text[]) k(k0,k1) WHERE "
          "t.\"id\" OPERATOR(\"ext\".=)k.k0 AND t.\"V\"=k.k1;\n");
}

TEST_CASE("postgres encoder: where no target is known, keys of foreign types are told by text") {
    auto source = std::make_shared<TableSchema>(target_table());
    source->columns[0].base_type = "int8";
    source->columns[1].base_type = "ext.ltree";
    source->unique_keys[0].columns = {0, 1};
    Rows rows(*source);
    rows.binding = bind_tables(source, routed(*source, "s", "t", {}), {});
    rows.write(WriteKind::remove, {{rows.row({text("1"), text("it's"), Value()}), nullptr}});
    CHECK(rows.encoded() ==
          "DELETE FROM \"s\".\"t\" WHERE (\"id\"='1' AND pg_catalog.format('%s', \"V\") COLLATE "
          "\"C\"='it''s');\n");
}

TEST_CASE("postgres encoder: an unchanged value is left alone, never set to NULL") {
    Rows rows(target_table());
    rows.write(WriteKind::update, {{rows.row({text("1"), Value(), Value()}),
                                    rows.row({text("1"), unchanged_value(), Value::null()})}});
    CHECK(rows.encoded() == "UPDATE \"s\".\"t\" SET \"id\"='1',\"n\"=NULL WHERE \"id\"='1';\n");
}

TEST_CASE("postgres encoder: what the server generates is not written") {
    auto table = target_table();
    table.columns[0].always_identity = true;
    table.columns[2].generated = true;
    Rows rows(table);
    rows.write(WriteKind::update, {{rows.row({text("1"), Value(), Value()}),
                                    rows.row({text("1"), text("x"), Value::null()})}});
    rows.write(WriteKind::insert, {{nullptr, rows.row({text("2"), text("y"), text("3")})}});
    CHECK(rows.encoded() ==
          "UPDATE \"s\".\"t\" SET \"V\"='x' WHERE \"id\"='1';\n"
          "COPY \"s\".\"t\"(\"id\",\"V\") FROM STDIN:2\ty\n");
}

TEST_CASE("postgres encoder: rows without a key are found by every column, one of them") {
    Rows rows(target_table(false));
    rows.write(WriteKind::remove_exact,
               {{rows.row({text("1"), text("it's"), Value::null()}), nullptr}});
    CHECK(rows.encoded() ==
          "WITH one AS MATERIALIZED (SELECT tableoid AS o, ctid AS c FROM \"s\".\"t\" WHERE "
          "\"id\"='1' AND \"V\"='it''s' AND \"V\"::text COLLATE \"C\"='it''s'::text::text COLLATE "
          "\"C\" AND \"n\" IS NULL LIMIT 1) DELETE FROM \"s\".\"t\" t USING one WHERE "
          "t.ctid=one.c AND t.tableoid=one.o;\n");
}

TEST_CASE("postgres encoder: rows that are there give way by every key, where nothing notices") {
    auto table = target_table();
    table.unique_keys.push_back({"t_v", {1}, true, false});
    Rows rows(table);
    const auto write = [&] {
        rows.write(WriteKind::insert, {{nullptr, rows.row({text("1"), text("x"), text("1")})},
                                       {nullptr, rows.row({text("2"), Value::null(), text("2")})}});
    };
    write();
    CHECK(rows.encoded(true) ==
          std::string("DELETE FROM \"s\".\"t\" WHERE \"id\"=ANY('{1,2}'::bigint[]);\n"
                      "DELETE FROM \"s\".\"t\" WHERE \"V\"=ANY('{\"x\"}'::text[]);\n") +
              copy_t + "1\tx\t1\n2\t\\N\t2\n");
    write();
    CHECK(rows.encoded(true, {1000, false}) ==
          "INSERT INTO \"s\".\"t\"(\"id\",\"V\",\"n\") OVERRIDING SYSTEM VALUE VALUES "
          "('1','x','1'),('2',NULL,'2') ON CONFLICT (\"id\") DO UPDATE SET "
          "\"V\"=EXCLUDED.\"V\",\"n\"=EXCLUDED.\"n\";\n");
}

TEST_CASE("postgres encoder: names are taken as they are, letters and quotes") {
    auto table = target_table();
    table.table = "Ta\"ble";
    Rows rows(table);
    rows.write(WriteKind::remove, {{rows.row({text("1"), Value(), Value()}), nullptr}});
    CHECK(rows.encoded() == "DELETE FROM \"s\".\"Ta\"\"ble\" WHERE (\"id\"='1');\n");
}

TEST_CASE("postgres encoder: whole rows, too, displace what another key would meet, when told to") {
    auto table = target_table();
    table.unique_keys.push_back({"t_v", {1}, true, false});
    Rows rows(table);
    rows.write(WriteKind::upsert, {{nullptr, rows.row({text("1"), text("x"), text("1")})}}, true);
    CHECK(rows.encoded(true) == std::string("DELETE FROM \"s\".\"t\" WHERE (\"id\"='1');\n"
                                            "DELETE FROM \"s\".\"t\" WHERE (\"V\"='x');\n") +
                                    copy_t + "1\tx\t1\n");
}

TEST_CASE("postgres encoder: tables that are truncated together are one statement, by itself") {
    Rows rows(target_table());
    rows.write(WriteKind::remove, {{rows.row({text("1"), Value(), Value()}), nullptr}});
    rows.write(WriteKind::truncate, {{nullptr, nullptr}});
    TableSchema parted = target_table();
    parted.table = "parted";
    parted.is_partitioned = true;
    rows.binding = Rows(parted).binding;
    rows.write(WriteKind::truncate, {{nullptr, nullptr}});
    CHECK(rows.encoded() ==
          "DELETE FROM \"s\".\"t\" WHERE (\"id\"='1');\n"
          "TRUNCATE ONLY \"s\".\"t\", \"s\".\"parted\";\n");
}
