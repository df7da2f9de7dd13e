#include "lib/source/postgres/definition_log.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "lib/base/error.hpp"

using namespace dts;
using Catch::Contains;

namespace {

/// Takes the schema s, but for s.left_out, and p.root; calls the schema r and the table s.routed
/// otherwise. What else goes to the target of s.shared, and to the one of the schema r, does not
/// matter here. Only the schema s has all its indexes in one place.
DefinitionRules rules() {
    DefinitionRules rules;
    rules.selects = [](std::string_view schema, std::string_view table) {
        return ((schema == "s" || schema == "r") && table != "left_out") ||
               (schema == "p" && table == "root");
    };
    rules.applies = [](std::string_view kind) { return kind != "drop_schema"; };
    rules.is_routed = [](std::string_view name) { return name == "r" || name == "routed"; };
    rules.route = [](std::string_view schema, std::string_view table) {
        if (table == "routed") return std::pair<std::string, std::string>("x", "y");
        return std::pair(schema == "r" ? std::string("R") : std::string(schema),
                         std::string(table));
    };
    rules.shares_target = [](std::string_view schema, std::string_view table) {
        return table == "shared" || (schema == "r" && table.empty());
    };
    rules.has_column_rules = [](std::string_view, std::string_view table) {
        return table == "columns" || table == "root";
    };
    rules.takes_indexes_of = [](std::string_view schema) { return schema == "s"; };
    rules.selects_part_of = [](std::string_view schema) { return schema == "p"; };
    return rules;
}

struct Statement {
    std::string tag;
    std::string query;
    std::string objects;
    std::string event = "ddl_command_end";
    std::string context = "PL/pgSQL function f() line 1 at GET DIAGNOSTICS";
    std::string settings = R"({"search_path":"s, public","TimeZone":"UTC"})";
    std::string at = "1";
};

std::string table(std::string_view schema, std::string_view name) {
    return fmt::format(R"({{"type":"table","schema":"{}","name":"{}","root":null}})", schema, name);
}
std::string list(std::initializer_list<std::string> items) {
    return fmt::format("[{}]", fmt::join(items, ","));
}

DefinitionLog::Verdict read(const Statement& s, DefinitionLog log = DefinitionLog(rules())) {
    return log.read({s.event, s.tag, s.query, s.context, s.objects, s.settings, s.at});
}

std::string applied(const Statement& s) {
    const auto verdict = read(s);
    if (verdict.definition) return verdict.definition->sql;
    return verdict.notes.empty() ? "nothing" : "note: " + verdict.notes.front();
}

Statement drop(std::string tag, std::initializer_list<std::string> objects) {
    return {std::move(tag), "", list(objects), "sql_drop"};
}

}  // namespace

TEST_CASE(
    "definition log: a statement comes with the settings of its session, and its tables first") {
    const auto verdict = read({"ALTER TABLE", "ALTER TABLE a ADD b int", list({table("s", "a")})});
    REQUIRE(verdict.definition);
    CHECK(verdict.definition->sql == "ALTER TABLE a ADD b int");
    CHECK(verdict.definition->about ==
          "ALTER TABLE of source table \"s\".\"a\" (ALTER TABLE a ADD b int)");
    using Settings = std::vector<std::pair<std::string, std::string>>;
    CHECK(verdict.definition->settings ==
          Settings{{"search_path", "\"s\", s, public"}, {"TimeZone", "UTC"}});
}

TEST_CASE("definition log: tables that are not selected are passed over in silence") {
    CHECK(applied({"ALTER TABLE", "ALTER TABLE o.a ADD b int", list({table("o", "a")})}) ==
          "nothing");
    CHECK(applied({"CREATE TABLE", "CREATE TABLE IF NOT EXISTS s.a ()", "[]"}) == "nothing");
    CHECK(applied(drop("DROP TABLE", {table("o", "a"), table("s", "left_out")})) == "nothing");
    CHECK(
        applied(
            {"CREATE TABLE", "CREATE TABLE p.part PARTITION OF p.root DEFAULT",
             R"([{"type":"table","schema":"p","name":"part","root_schema":"p","root":"root"}])"}) ==
        "CREATE TABLE p.part PARTITION OF p.root DEFAULT");
}

TEST_CASE("definition log: drops are written anew, for what is selected, under its target's name") {
    CHECK(applied(drop("DROP TABLE", {table("s", "a"), table("o", "b"), table("r", "q\\\"q"),
                                      table("s", "routed")})) ==
          R"(DROP TABLE IF EXISTS "s"."a", "R"."q""q", "x"."y")");
    const std::string index = R"({"type":"index","schema":"s","name":"i"})";
    CHECK(applied(drop("DROP INDEX", {index})) == R"(DROP INDEX IF EXISTS "s"."i")");
    CHECK(applied(drop("DROP TABLE", {table("s", "a"), index})) ==
          R"(DROP TABLE IF EXISTS "s"."a")");
    CHECK_THAT(applied(drop("DROP SCHEMA", {R"({"type":"schema","schema":null,"name":"s"})"})),
               Contains("do_ddls does not have drop_schema"));
}

TEST_CASE("definition log: what others are written to as well is not dropped or altered") {
    CHECK_THAT(applied(drop("DROP TABLE", {table("s", "shared")})),
               Contains("DROP TABLE of the source, \"s\".\"shared\" is not applied") &&
                   Contains("another source table"));
    const auto both = read(drop("DROP TABLE", {table("s", "shared"), table("s", "a")}));
    REQUIRE(both.definition);
    CHECK(both.definition->sql == R"(DROP TABLE IF EXISTS "s"."a")");
    CHECK(both.notes.size() == 1);
    DefinitionRules every = rules();
    every.applies = [](std::string_view) { return true; };
    const auto schema = read(drop("DROP SCHEMA", {R"({"type":"schema","schema":null,"name":"r"})"}),
                             DefinitionLog(every));
    CHECK_FALSE(schema.definition);
    CHECK(schema.notes.size() == 1);
    for (const auto& [tag, query, name] :
         {std::tuple("ALTER TABLE", "ALTER TABLE s.shared DROP b", "shared"),
          std::tuple("ALTER TABLE", "ALTER TABLE s.shared RENAME TO b", "b"),
          std::tuple("CREATE INDEX", "CREATE UNIQUE INDEX i ON s.shared (b)", "shared")}) {
        INFO(query);
        CHECK_THAT(applied({tag, query, list({table("s", name)})}),
                   Contains("another source table"));
    }
}

TEST_CASE("definition log: an index is dropped where all of its schema are in one place") {
    CHECK_THAT(applied(drop("DROP INDEX", {R"({"type":"index","schema":"r","name":"i"})"})),
               Contains("DROP INDEX of the source, \"r\".\"i\" is not applied"));
}

TEST_CASE("definition log: a table that may have been a partition is said, but not dropped") {
    CHECK_THAT(applied(drop("DROP TABLE", {table("p", "part")})),
               Contains("where it was a partition"));
}

TEST_CASE("definition log: tables whose columns have rules are left to their owner") {
    const auto about_columns = Contains("[filter] ignore_cols or [router] col_map");
    for (const auto& [tag, query, name] :
         {std::tuple("ALTER TABLE", "ALTER TABLE s.columns ADD b int", "columns"),
          std::tuple("ALTER TABLE", "ALTER TABLE s.columns RENAME TO b", "b"),
          std::tuple("CREATE INDEX", "CREATE INDEX ON s.columns (b)", "columns")}) {
        INFO(query);
        CHECK_THAT(applied({tag, query, list({table("s", name)})}), about_columns);
    }
    CHECK_THAT(
        applied(
            {"ALTER TABLE", "ALTER TABLE p.part ADD CHECK (b > 0)",
             R"([{"type":"table","schema":"p","name":"part","root_schema":"p","root":"root"}])"}),
        about_columns);
    CHECK(applied({"CREATE TABLE", "CREATE TABLE s.columns ()", list({table("s", "columns")})}) ==
          "CREATE TABLE s.columns ()");
}

TEST_CASE("definition log: of a function's EXECUTE with several statements none is applied") {
    const auto executed = [](std::string_view text) {
        return applied({"ALTER TABLE", "SELECT f()", list({table("s", "a")}), "ddl_command_end",
                        fmt::format("PL/pgSQL function f() line 1 at GET DIAGNOSTICS\n"
                                    "SQL statement \"{}\"\nPL/pgSQL function g() line 1 at EXECUTE",
                                    text)});
    };
    CHECK(executed("ALTER TABLE s.a ADD b int;") == "ALTER TABLE s.a ADD b int");
    CHECK_THAT(executed("ALTER TABLE s.a ADD b int; DROP TABLE s.left_out"),
               Contains("its text can not be told"));
    CHECK_THAT(executed("DROP TABLE s.left_out"), Contains("its text can not be told"));
}

TEST_CASE("definition log: of several in one string, each row has its own") {
    DefinitionLog log(rules());
    const std::string query = "CREATE TABLE s.a (); CREATE TABLE s.b ()";
    const auto next = [&](std::string name, std::string at) {
        const Statement s{"CREATE TABLE", query, list({table("s", name)})};
        const auto verdict =
            log.read({s.event, s.tag, s.query, s.context, s.objects, s.settings, at});
        return verdict.definition ? verdict.definition->sql : "none";
    };
    CHECK(next("a", "1") == "CREATE TABLE s.a ()");
    CHECK(next("b", "1") == "CREATE TABLE s.b ()");
    CHECK(next("a", "2") == "CREATE TABLE s.a ()");
}

TEST_CASE("definition log: what can not be applied as it is, is said") {
    const auto alter = [](std::string query, std::string name = "a") {
        return applied({"ALTER TABLE", std::move(query), list({table("s", name)})});
    };
    CHECK_THAT(alter("DO $$ ... $$"), Contains("its text can not be told"));
    CHECK_THAT(alter("ALTER TABLE s.routed ADD b int", "routed"), Contains("[router]"));
    CHECK_THAT(alter("ALTER TABLE s.a ADD FOREIGN KEY (b) REFERENCES r.t"), Contains("[router]"));
    CHECK_THAT(alter("ALTER TABLE s.a ADD b serial"), Contains("of the target's making"));
    CHECK_THAT(alter("ALTER TABLE s.a ALTER b TYPE uuid USING gen_random_uuid()"),
               Contains("of the target's making"));
    CHECK_THAT(alter("ALTER TABLE s.left_out RENAME TO a"), Contains("but one of its names"));
    CHECK_THAT(alter("ALTER TABLE s.a RENAME TO left_out", "left_out"),
               Contains("but one of its names"));
    CHECK_THAT(alter("ALTER TABLE a SET SCHEMA s"), Contains("from which schema"));
    CHECK(alter("ALTER TABLE s.b RENAME TO a") == "ALTER TABLE s.b RENAME TO a");
    CHECK_THAT(
        applied({"CREATE TABLE AS", "CREATE TABLE s.a AS SELECT 1", list({table("s", "a")})}),
        Contains("statements of its kind are not"));
    CHECK_THAT(applied({"ALTER TABLE", "ALTER TABLE s.a ADD b text DEFAULT '\\'';'",
                        list({table("s", "a")}), "ddl_command_end",
                        "PL/pgSQL function f() line 1 at GET DIAGNOSTICS",
                        R"({"standard_conforming_strings":"off"})"}),
               Contains("its text can not be told"));
}

TEST_CASE("definition log: rows that make no sense are refused by column") {
    CHECK_THROWS_AS(read({"ALTER TABLE", "ALTER TABLE s.a ADD b int", "{"}), Error);
    TableSchema schema;
    schema.columns.resize(1);
    schema.columns[0].name = "event";
    const Value values[] = {Value::null()};
    CHECK_THROWS_WITH(DefinitionRow::from(schema, values), Contains("the column event"));
}
