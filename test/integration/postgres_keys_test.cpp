// Postgres: rows are found by keys of types whose = is not found by a session with an empty
// search_path, or takes no text as it stands: of extensions, composites, names of objects.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <array>

#include "lib/client/postgres_catalog.hpp"
#include "test/integration/postgres_pair.hpp"

using namespace dts;
using namespace dts::test;

namespace {

/// Six values: five to begin with, and one that a key moves to.
struct KeyCase {
    std::string name;
    std::array<std::string, 6> values;
};

std::vector<KeyCase> key_types(bool has_postgis) {
    std::vector<KeyCase> types = {
        {"ext.isbn",
         {"978-0-393-04002-9", "978-0-306-40615-7", "978-3-16-148410-0", "978-0-201-03801-9",
          "978-0-13-110362-7", "978-1-86197-876-9"}},
        {"ext.hstore",
         {"a=>1", "\"b c\"=>NULL", "\"\"=>\"it's\"", "x=>y, \"z\\\"\"=>w", "", "a=>2"}},
        {"ext.ltree", {"Top", "Top.a", "Top.b_1", "Z.y.x", "A.A", "Top.Science.Astronomy"}},
        {"ext.cube", {"(1,2),(3,4)", "0", "(1,2,3)", "1e300", "-0.1", "(1,2)"}},
        {"ext.citext", {"MiXed", "it's {\"x\"}\\", "line\nbreak", "", "NULL", "a,b"}},
        {"ext.pair",
         {"(1,a)", "(2,\"a \"\"quoted\"\", (t)\\\\\")", "(,)", "(3,)", "(4,it's)", "(5,x)"}},
        {"ext.\"Mood\"", {"sad", "it's ok", "a,b", "\"x\"", "{}", "happy"}},
        {"ext.humour", {"sad", "it's ok", "a,b", "\"x\"", "{}", "happy"}},
        {"ext.spans", {"[1.5,2.5)", "(,)", "empty", "[7,)", "(,8]", "[0,1]"}},
        {"ext.mail", {"A@b", "c@D", "e", "f", "g", "h"}},
        {"ext.label", {"Top", "Top.a", "Top.b_1", "Z.y.x", "A.A", "B"}},
        {"ext.couple", {"(1,a)", "(2,b)", "(3,\"\n\")", "(,c)", "(4,d)", "(5,e)"}},
        {"ext.numbers", {"{1,2}", "{}", "{NULL}", "{{1},{2}}", "{3}", "[2:3]={7,8}"}},
        {"ext.pair[]",
         {"{\"(1,a)\"}", "{}", "{NULL}", "{\"(2,)\",\"(3,b)\"}", "{\"(,)\"}", "{\"(4,c)\"}"}},
        {"ext.citext[]", {"{A,b}", "{}", "{NULL}", "{\"c,d\"}", "{e}", "{f}"}},
        {"regtype", {"integer", "ext.ltree", "ext.\"Mood\"", "text[]", "ext.pair", "bigint"}},
        {"regclass", {"pg_class", "pg_type", "s.\"A table\"", "pg_proc", "pg_index", "pg_am"}},
    };
    if (has_postgis) {
        types.push_back({"ext.geometry",
                         {"POINT(1 2)", "SRID=4326;POINT(1 2)", "POINT EMPTY",
                          "LINESTRING(0 0,1 1)", "POINT Z (1 2 3)", "POINT(2 1)"}});
    }
    return types;
}

struct KeysPair : PostgresPair {
    KeysPair() {
        const bool has_postgis =
            source.scalar("SELECT count(*) FROM pg_available_extensions WHERE name = 'postgis'") ==
            "1";
        types = key_types(has_postgis);
        run_on_both(
            "CREATE SCHEMA s; CREATE SCHEMA ext; CREATE EXTENSION isn SCHEMA ext;"
            "CREATE EXTENSION hstore SCHEMA ext; CREATE EXTENSION ltree SCHEMA ext;"
            "CREATE EXTENSION cube SCHEMA ext; CREATE EXTENSION citext SCHEMA ext;"
            "CREATE TYPE ext.pair AS (n int, t text); CREATE TYPE ext.\"Mood\" AS ENUM ('sad', "
            "'it''s ok', 'a,b', '\"x\"', '{}', 'happy', 'none'); CREATE TYPE ext.spans AS RANGE "
            "(subtype = float8); CREATE DOMAIN ext.mail AS ext.citext CHECK (VALUE <> '' ); CREATE "
            "DOMAIN "
            "ext.path AS ext.ltree; CREATE DOMAIN ext.label AS ext.path; CREATE DOMAIN ext.couple "
            "AS ext.pair; CREATE DOMAIN ext.numbers AS int[]; CREATE DOMAIN ext.mood AS "
            "ext.\"Mood\"; CREATE DOMAIN ext.humour AS ext.mood CHECK (VALUE::ext.\"Mood\" <> "
            "'none'); CREATE "
            "TABLE s.\"A table\" (id int PRIMARY KEY)");
        if (has_postgis) run_on_both("CREATE EXTENSION postgis SCHEMA ext");
        for (std::size_t i = 0; i < types.size(); ++i) {
            run_on_both(
                fmt::format("CREATE TABLE s.by_{0} (k {1} PRIMARY KEY, n int);"
                            "CREATE TABLE s.pair_{0} (k {1}, id int, n int, PRIMARY KEY (id, k));"
                            "CREATE TABLE s.other_{0} (id int PRIMARY KEY, k {1} UNIQUE, n int);"
                            "CREATE TABLE s.long_{0} (k {1} PRIMARY KEY, n int, w text);"
                            "ALTER TABLE s.long_{0} ALTER w SET STORAGE EXTERNAL;"
                            "CREATE TABLE s.none_{0} (k {1}, n int);"
                            "ALTER TABLE s.none_{0} REPLICA IDENTITY FULL;",
                            i, types[i].name));
        }
    }

    /// One statement for each type and each table: {0} its number, {1} to {6} its values.
    std::string for_all(const std::string& statements) const {
        std::string sql;
        for (std::size_t i = 0; i < types.size(); ++i) {
            std::array<std::string, 6> v;
            for (std::size_t k = 0; k < v.size(); ++k)
                v[k] = postgres::quote_literal(types[i].values[k]);
            sql += fmt::format(fmt::runtime(statements), i, v[0], v[1], v[2], v[3], v[4], v[5]);
        }
        return sql;
    }

    std::vector<KeyCase> types;
};

constexpr auto inserts =
    "INSERT INTO s.by_{0} VALUES ({1}, 1), ({2}, 2), ({3}, 3), ({4}, 4), ({5}, 5);"
    "INSERT INTO s.pair_{0} SELECT k, n, n FROM s.by_{0};"
    "INSERT INTO s.pair_{0} SELECT k, n + 10, n FROM s.by_{0};"
    "INSERT INTO s.other_{0} SELECT n, k, n FROM s.by_{0};"
    "INSERT INTO s.long_{0} SELECT k, n, repeat('z', 5000) FROM s.by_{0};"
    "INSERT INTO s.none_{0} SELECT k, n FROM s.by_{0}, generate_series(1, 2);"
    "INSERT INTO s.none_{0} VALUES (NULL, 3);";

/// What is done to each of the tables, one after the other.
constexpr std::array changes = {
    "UPDATE {} SET n = n + 10;",                      // many rows
    "UPDATE {} SET n = n + 100 WHERE n = 11;",        // one
    "UPDATE {} SET n = 50, k = {{6}} WHERE n = 12;",  // the key moves
    "DELETE FROM {} WHERE n = 13;",                   // one
    "DELETE FROM {} WHERE n > 13 AND n < 20;",        // many
    "INSERT INTO {} (k, n{}) SELECT {{3}}, 3{};",     // back
    "UPDATE {} SET k = {{3}}, n = 4 WHERE n = 3;",    // nothing of the key moves
};

std::string change_of_all(std::size_t number) {
    std::string statements;
    for (const char* stem : {"by", "pair", "other", "long", "none"}) {
        const std::string table = fmt::format("s.{}_{{0}}", stem);
        const bool has_id = stem == std::string_view("pair") || stem == std::string_view("other");
        statements += fmt::format(fmt::runtime(changes[number]), table, has_id ? ", id" : "",
                                  has_id ? ", 77" : "");
    }
    return statements;
}

void check_changes_arrive(KeysPair& pair, const TaskIni& ini) {
    std::vector<std::string> statements = {pair.for_all(inserts)};
    for (std::size_t i = 0; i < changes.size(); ++i)
        statements.push_back(pair.for_all(change_of_all(i)));
    CHECK(pair.follow(ini, statements) == "");
    CHECK_THAT(read_file(pair.log_folder() / "default.log"), !Catch::Contains("were not found"));
}

}  // namespace

TEST_CASE("postgres keys: rows are found by keys of any type, one and many, moved and gone") {
    KeysPair pair;
    check_changes_arrive(pair, pair.ini());
}

TEST_CASE("postgres keys: rows that are there give way by keys of any type") {
    KeysPair pair;
    pair.target.run(pair.for_all(
        "INSERT INTO s.by_{0} VALUES ({1}, -1), ({2}, -2); INSERT INTO s.pair_{0} VALUES ({1}, 1, "
        "-1), ({2}, 2, -2); INSERT INTO s.other_{0} VALUES (98, {1}, -1), (99, {2}, -2), (3, {6}, "
        "-3);"));
    check_changes_arrive(pair, pair.ini());
}

TEST_CASE("postgres keys: rows in the source's order are found by keys of any type") {
    KeysPair pair;
    pair.target.run(
        pair.for_all("INSERT INTO s.by_{0} VALUES ({1}, -1), ({2}, -2); INSERT INTO s.pair_{0} "
                     "VALUES ({1}, 1, -1), ({2}, 2, -2);"));
    check_changes_arrive(pair, pair.ini()
                                   .set("sinker", "disable_foreign_key_checks", "false")
                                   .set("parallelizer", "parallel_type", "serial"));
}

TEST_CASE("postgres keys: psql finds rows by keys of any type, of tables that nobody described") {
    KeysPair pair;
    WorkerProcess worker(pair.ini().set("sinker", "sink_type", "sql"), pair.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    pair.source.run(pair.for_all(inserts));
    for (std::size_t i = 0; i < changes.size(); ++i)
        pair.source.run(pair.for_all(change_of_all(i)));
    CHECK(pair.arrive_and_stop(worker) == "exit code 0");
    run_program({"psql", pair.target.url(), "-qX", "-v", "ON_ERROR_STOP=1", "-f",
                 (pair.log_folder() / "sql.log").string()});
    CHECK(pair.differences() == "");
}

TEST_CASE("postgres keys: values that an index takes for one give way to each other") {
    KeysPair pair;
    pair.run_on_both("CREATE TABLE s.t (k ext.citext PRIMARY KEY, n int)");
    pair.target.run("INSERT INTO s.t VALUES ('ABC', -1)");
    CHECK(pair.follow({"INSERT INTO s.t VALUES ('abc', 1), ('x', 2)", "UPDATE s.t SET k = upper(k)",
                       "DELETE FROM s.t WHERE n = 2;"
                       "INSERT INTO s.t VALUES ('x', 3)"}) == "");
}

TEST_CASE("postgres keys: values that only the key's own operator tells apart stay apart") {
    KeysPair pair;
    pair.run_on_both(
        "CREATE TYPE ext.exact AS (v numeric); CREATE TABLE s.t (k ext.exact NOT NULL, n int);"
        "CREATE UNIQUE INDEX t_k ON s.t (k record_image_ops);"
        "ALTER TABLE s.t REPLICA IDENTITY USING INDEX t_k");
    CHECK(pair.follow(
              {"INSERT INTO s.t VALUES ('(1.0)', 1), ('(1.00)', 2), ('(2)', 3), ('(2.0)', 4)",
               "UPDATE s.t SET n = 5 WHERE n = 1", "DELETE FROM s.t WHERE n IN (2, 3)"}) == "");
    CHECK(pair.target.scalar("SELECT string_agg(k::text, ' ' ORDER BY n) FROM s.t") ==
          "(2.0) (1.0)");
}

TEST_CASE("postgres keys: a key of a domain over an enum is found through its index") {
    PostgresPair pair;
    pair.run_on_both(
        "CREATE SCHEMA s; CREATE TYPE s.mood AS ENUM ('sad', 'happy', 'none');"
        "CREATE DOMAIN s.humour AS s.mood; CREATE TABLE s.t (k s.humour PRIMARY KEY, n int);"
        "INSERT INTO s.t VALUES ('sad', 1), ('happy', 2), ('none', 3)");
    {
        WorkerProcess worker(pair.ini(), pair.folder.path());
        worker.wait_for_line("PgCdcExtractor starts");
        pair.source.run("DELETE FROM s.t WHERE n = 1");
        worker.wait_for_checkpoint(pair.source.wal_end());
        pair.source.run("DELETE FROM s.t");
        CHECK(pair.arrive_and_stop(worker) == "exit code 0");
    }
    // Before they are compared, which reads the whole table.
    CHECK(pair.target_statistics("seq_tup_read || ' ' || idx_tup_fetch", "t") == "0 3");
    CHECK(pair.differences() == "");
}

TEST_CASE("postgres keys: a key compares in its index's collation, which is not its column's") {
    PostgresPair pair;
    pair.run_on_both(
        "CREATE SCHEMA s; CREATE COLLATION s.\"no Case\" (provider = icu, locale = "
        "'und-u-ks-level2', deterministic = false);"
        "CREATE TABLE s.loose (k text NOT NULL, v varchar(9) NOT NULL, n int);"
        "CREATE UNIQUE INDEX loose_k ON s.loose (k COLLATE s.\"no Case\", v);"
        "ALTER TABLE s.loose REPLICA IDENTITY USING INDEX loose_k;"
        "CREATE TABLE s.other (id int PRIMARY KEY, k text);"
        "CREATE UNIQUE INDEX ON s.other (k COLLATE s.\"no Case\");"
        "CREATE TABLE s.exact (k text COLLATE s.\"no Case\" NOT NULL, n int);"
        "CREATE UNIQUE INDEX exact_k ON s.exact (k COLLATE \"C\");"
        "ALTER TABLE s.exact REPLICA IDENTITY USING INDEX exact_k");
    pair.target.run(
        "INSERT INTO s.loose VALUES ('ABC', 'x', -1), ('DEF', 'x', -2), ('GHI', 'y', -3);"
        "INSERT INTO s.other VALUES (99, 'ABC')");
    CHECK(pair.follow(
              {"INSERT INTO s.loose VALUES ('abc', 'x', 1), ('def', 'x', 2), ('ghi', 'y', 3),"
               "('j', 'z', 4);"
               "INSERT INTO s.other VALUES (1, 'abc');"
               "INSERT INTO s.exact VALUES ('a', 1), ('A', 2), ('b', 3), ('B', 4), ('c', 5)",
               "UPDATE s.loose SET k = upper(k) WHERE n < 3; UPDATE s.exact SET n = 6 WHERE n = 1",
               "DELETE FROM s.loose WHERE n > 3; DELETE FROM s.exact WHERE n = 4",
               "DELETE FROM s.loose WHERE n < 3; DELETE FROM s.exact WHERE n IN (2, 3)"}) == "");
    CHECK(pair.target.scalar("SELECT string_agg(k || n, ' ' ORDER BY n) FROM s.exact") == "c5 a6");
    // What keeps keys of a MySQL source, all of whose texts differ, out of such an index.
    auto target = pair.target.connect();
    CHECK(read_postgres_table(target, "s", "loose")->columns[0].collation == "no Case");
    CHECK(read_postgres_table(target, "s", "loose")->columns[1].collation.empty());
}
