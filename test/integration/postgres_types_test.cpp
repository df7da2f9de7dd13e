// Every built-in type of Postgres and its array, domains, enums, composites, ranges and the types
// of the extensions that come with it, through insert, update and delete: in a table with a key,
// and in one without, where rows are found by every value.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <iostream>

#include "test/integration/postgres_pair.hpp"

using namespace dts;
using namespace dts::test;

namespace {

struct TypeCase {
    std::string type;
    std::vector<std::string> values;  ///< SQL expressions
};

std::vector<TypeCase> type_cases() {
    return {
        {"smallint", {"-32768", "32767"}},
        {"integer", {"-2147483648", "0"}},
        {"bigint", {"-9223372036854775808", "9223372036854775807"}},
        {"real", {"'1.17549435e-38'", "'-0'", "'NaN'", "'Infinity'", "0.1"}},
        {"double precision", {"'2.2250738585072014e-308'", "'-0'", "'-Infinity'", "0.1", "1e308"}},
        {"numeric", {"'NaN'", "'Infinity'", "'1.0'", "'1.000'", "'-12345678901234567890.123'"}},
        {"numeric(10,3)", {"1.5", "-0.001"}},
        {"money", {"'$1,234.56'", "'-$0.01'"}},
        {"boolean", {"true", "false"}},
        {"text",
         {"''", "'it''s'", "E'a\\tb\\\\c\\nd\\re'", "'日本 Ünï'", "'\\N'", "repeat('z', 5000)"}},
        {"varchar(20)", {"'trailing  '", "'{\"a\"}'"}},
        {"char(8)", {"'pad'", "''"}},
        {"\"char\"", {"'x'", "'\\'"}},
        {"name", {"'a name'"}},
        {"bytea", {"''", "'\\x00ff5c27'", "decode(repeat('ab', 3000), 'hex')"}},
        {"date",
         {"'infinity'", "'-infinity'", "'4713-01-01 BC'", "'5874897-12-31'", "'2024-02-29'"}},
        {"time", {"'24:00:00'", "'00:00:00.000001'"}},
        {"timetz", {"'12:34:56.789+05:30'", "'00:00-15:59'"}},
        {"timestamp", {"'infinity'", "'0044-03-15 10:00 BC'", "'294276-12-31 23:59:59.999999'"}},
        {"timestamptz",
         {"'-infinity'", "'2024-10-27 02:30:00 Europe/Berlin'", "'1883-11-18 12:03:57.999999-08'"}},
        {"interval", {"'1 year -2 months 3 days -04:05:06.789'", "'-178000000 years'", "'0'"}},
        {"uuid", {"'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"}},
        {"json", {"'{\"b\": 1,  \"a\": [1, 2.50, null]}'", "'\"\\u00e9\"'", "'null'"}},
        {"jsonb", {"'{\"b\": 1, \"a\": [1, 2.50, null]}'", "'null'", "'\"it''s\"'"}},
        {"jsonpath", {"'$.a[*] ? (@ > 1)'"}},
        {"xml", {"'<a b=\"c\">text</a>'", "'plain &amp; content'"}},
        {"bit(5)", {"B'10101'"}},
        {"varbit", {"B''", "B'1011'"}},
        {"inet", {"'192.168.0.1/24'", "'::1'"}},
        {"cidr", {"'10.0.0.0/8'", "'2001:db8::/32'"}},
        {"macaddr", {"'08:00:2b:01:02:03'"}},
        {"macaddr8", {"'08:00:2b:01:02:03:04:05'"}},
        {"point", {"'(1.5,-2)'", "'(NaN,Infinity)'"}},
        {"line", {"'{1,-2,3}'"}},
        {"lseg", {"'[(0,0),(1,1)]'"}},
        {"box", {"'(1,1),(0,0)'"}},
        {"path", {"'[(0,0),(1,1)]'", "'((0,0),(1,1),(2,0))'"}},
        {"polygon", {"'((0,0),(1,1),(2,0))'"}},
        {"circle", {"'<(0,0),2.5>'"}},
        {"tsvector", {"'''fat'':2A ''it''''s'':1'"}},
        {"tsquery", {"'''fat'' & !''rat'':*'"}},
        {"pg_lsn", {"'16/B374D848'"}},
        {"oid", {"4294967295"}},
        {"regclass", {"'pg_catalog.pg_class'", "'s.a_table'"}},
        {"regtype", {"'integer'", "'s.mood'"}},
        {"txid_snapshot", {"'10:20:10,14,15'"}},
        {"int4range", {"'[1,10)'", "'empty'", "'(,)'"}},
        {"int8range", {"'[1,]'"}},
        {"numrange", {"'(1.0,2.50]'"}},
        {"daterange", {"'[2024-01-01,infinity)'"}},
        {"tsrange", {"'[2024-01-01 00:00,2024-01-02 00:00)'"}},
        {"tstzrange", {"'[2024-01-01 00:00+02,)'"}},
        {"int4multirange", {"'{[1,3),[5,9)}'", "'{}'"}},
        {"integer[]", {"'{}'", "'{1,NULL,3}'", "'{{1,2},{3,4}}'", "'[2:3]={7,8}'"}},
        {"text[]", {"ARRAY['', 'NULL', NULL, 'a\"b\\c', 'it''s, {x}']"}},
        {"numeric[]", {"'{NaN,1.0,1.00}'"}},
        {"timestamptz[]", {"'{infinity,\"2024-01-01 00:00+05\"}'"}},
        {"box[]", {"'{(1,1),(0,0);(2,2),(1,1)}'"}},
        {"jsonb[]", {"ARRAY['{\"a\": \"b,c\"}'::jsonb]"}},
        {"bytea[]", {"ARRAY['\\x00'::bytea, NULL]"}},
        {"s.mood", {"'sad'", "'it''s ok'"}},
        {"s.mood[]", {"'{sad,\"it''s ok\"}'"}},
        {"s.positive", {"7"}},
        {"s.positive[]", {"'{7,8}'"}},
        {"s.pair", {"ROW(1, 'a \"quoted\", (text)')::s.pair", "ROW(NULL, '')::s.pair"}},
        {"s.pair[]", {"ARRAY[ROW(1, 'x')::s.pair, NULL]"}},
        {"s.spans", {"'[1.5,2.5)'"}},
        {"public.hstore", {"'a=>1, \"b c\"=>NULL, \"\"=>\"it''s\"'"}},
        {"public.ltree", {"'Top.Science.Astronomy'"}},
        {"public.citext", {"'MiXed'", "'mixed'"}},
        {"public.cube", {"'(1,2),(3,4)'"}},
        {"public.isbn", {"'978-0-393-04002-9'"}},
    };
}

constexpr const char* types_of_our_own =
    "CREATE SCHEMA s;"
    "CREATE EXTENSION hstore SCHEMA public; CREATE EXTENSION ltree SCHEMA public;"
    "CREATE EXTENSION citext SCHEMA public; CREATE EXTENSION cube SCHEMA public;"
    "CREATE EXTENSION isn SCHEMA public;"
    "CREATE TABLE s.a_table (id int PRIMARY KEY);"
    "CREATE TYPE s.mood AS ENUM ('sad', 'it''s ok', 'happy');"
    "CREATE DOMAIN s.positive AS int CHECK (VALUE > 0);"
    "CREATE TYPE s.pair AS (n int, t text);"
    "CREATE TYPE s.spans AS RANGE (subtype = float8)";

/// One table for each type, with a key and without.
std::string tables_of(const std::vector<TypeCase>& cases) {
    std::string sql;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        sql += fmt::format(
            "CREATE TABLE s.keyed_{0} (id int PRIMARY KEY, v {1}, n int);"
            "CREATE TABLE s.keyless_{0} (v {1}, n int);"
            "ALTER TABLE s.keyless_{0} REPLICA IDENTITY FULL;",
            i, cases[i].type);
    }
    return sql;
}

}  // namespace

TEST_CASE("postgres: every type arrives as it was, and rows without a key are found by it") {
    PostgresPair pair;
    const auto cases = type_cases();
    pair.run_on_both(types_of_our_own);
    pair.run_on_both(tables_of(cases));
    // Servers and sessions that print and read otherwise must not matter.
    pair.source.run("ALTER DATABASE d SET DateStyle='German, DMY'");
    pair.source.run("ALTER DATABASE d SET IntervalStyle='sql_standard'");
    pair.source.run("ALTER DATABASE d SET TimeZone='America/St_Johns'");
    pair.target.run("ALTER DATABASE d SET DateStyle='SQL, DMY'");
    pair.target.run("ALTER DATABASE d SET bytea_output='escape'");
    pair.target.run("ALTER DATABASE d SET extra_float_digits='-5'");
    WorkerProcess worker(pair.ini(), pair.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");

    std::size_t values = 0;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        std::string sql;
        int id = 0;
        for (const auto& value : cases[i].values) {
            ++values;
            // In the table without a key each row stands twice; one of the two goes.
            sql += fmt::format(
                "INSERT INTO s.keyed_{0} VALUES ({1}, {2}, 0), ({1} + 100, NULL, 0);"
                "INSERT INTO s.keyless_{0} VALUES ({2}, {1}), ({2}, {1}), (NULL, {1});",
                i, ++id, value);
        }
        INFO(cases[i].type);
        pair.source.run(sql);
    }
    worker.wait_for_checkpoint(pair.source.wal_end());
    CHECK(pair.differences() == "");

    for (std::size_t i = 0; i < cases.size(); ++i) {
        pair.source.run(fmt::format(
            "UPDATE s.keyed_{0} SET n = 1 WHERE id < 100;"
            "UPDATE s.keyed_{0} t SET v = o.v FROM s.keyed_{0} o WHERE t.id = o.id + 100;"
            "DELETE FROM s.keyless_{0} WHERE ctid = (SELECT min(ctid) FROM s.keyless_{0});"
            "UPDATE s.keyless_{0} SET n = n + 50 WHERE ctid = (SELECT max(ctid) FROM "
            "s.keyless_{0} WHERE v IS NOT NULL);"
            "DELETE FROM s.keyless_{0} WHERE v IS NULL",
            i));
    }
    CHECK(pair.arrive_and_stop(worker) == "exit code 0");
    CHECK(pair.differences() == "");
    // Nothing was looked for in vain.
    CHECK_THAT(worker.default_log(), !Catch::Contains("were not found"));
    std::cout << fmt::format("postgres: {} values of {} types\n", values, cases.size());
}

TEST_CASE("postgres: identity, generated and serial columns, names of all kinds, several schemas") {
    PostgresPair pair;
    pair.run_on_both(
        "CREATE SCHEMA s; CREATE SCHEMA \"Mixed Case\";"
        "CREATE TABLE s.ids (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, twice int GENERATED "
        "ALWAYS AS (n * 2) STORED, n int);"
        "CREATE TABLE s.defaults (id serial PRIMARY KEY, at timestamptz DEFAULT now(), v text "
        "DEFAULT 'x');"
        "CREATE TABLE \"Mixed Case\".\"Ta\"\"ble.1\" (\"Key\" int, \"key\" int, \"select\" text, "
        "PRIMARY KEY (\"Key\", \"key\"));"
        "CREATE TABLE s.parent (id int PRIMARY KEY);"
        "CREATE TABLE s.child (id int PRIMARY KEY, p int REFERENCES s.parent ON DELETE CASCADE)");
    TaskIni ini = pair.ini();
    ini.set("filter", "do_dbs", "s,\"Mixed Case\"");
    WorkerProcess worker(ini, pair.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    pair.source.run(
        "INSERT INTO s.ids (n) VALUES (1), (2), (3); UPDATE s.ids SET n = 7 WHERE id = 2;"
        "DELETE FROM s.ids WHERE id = 1");
    pair.source.run("INSERT INTO s.defaults DEFAULT VALUES; INSERT INTO s.defaults DEFAULT VALUES");
    pair.source.run(
        "INSERT INTO \"Mixed Case\".\"Ta\"\"ble.1\" VALUES (1, 2, 'a'), (2, 1, 'b');"
        "UPDATE \"Mixed Case\".\"Ta\"\"ble.1\" SET \"Key\" = 9 WHERE \"key\" = 2;"
        "DELETE FROM \"Mixed Case\".\"Ta\"\"ble.1\" WHERE \"Key\" = 2");
    // The source's own cascade is in its log; the target's must not run a second time.
    pair.source.run(
        "INSERT INTO s.parent VALUES (1), (2); INSERT INTO s.child VALUES (1, 1), (2, 2);"
        "UPDATE s.parent SET id = 1 WHERE id = 1; DELETE FROM s.parent WHERE id = 2");
    CHECK(pair.arrive_and_stop(worker) == "exit code 0");
    CHECK(pair.differences() == "");
    auto left = pair.source.connect();
    auto right = pair.target.connect();
    CHECK(compare_schemas(left, right, "Mixed Case") == "");
    CHECK(pair.target.scalar("SELECT count(*) FROM s.child") == "1");
    CHECK(pair.target.scalar("SELECT count(*) FROM \"Mixed Case\".\"Ta\"\"ble.1\"") == "1");
}

TEST_CASE("postgres: rows that the target holds already are replaced, or stop the task") {
    PostgresPair pair;
    pair.run_on_both(
        "CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, u int UNIQUE, v text)");
    pair.target.run("INSERT INTO s.t VALUES (1, 10, 'old'), (7, 20, 'in the way')");
    WorkerProcess worker(pair.ini(), pair.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    pair.source.run("INSERT INTO s.t VALUES (1, 11, 'new'), (2, 20, 'new')");
    worker.wait_for_line("they are replaced");
    CHECK(pair.arrive_and_stop(worker) == "exit code 0");
    CHECK(pair.differences() == "");

    pair.target.run("INSERT INTO s.t VALUES (3, 30, 'old')");
    pair.source.run("INSERT INTO s.t VALUES (3, 30, 'new')");
    TaskIni strict = pair.ini();
    strict.set("sinker", "replace", "false");
    WorkerProcess refused(strict, pair.folder.path());
    const auto outcome = refused.wait_for_exit();
    CHECK(outcome.status.code == 76);
    CHECK_THAT(outcome.output, Catch::Contains("\"id\"='3'") && Catch::Contains("23505"));
    CHECK(pair.target.scalar("SELECT v FROM s.t WHERE id = 3") == "old");
}

TEST_CASE("postgres: with foreign keys checked, rows keep the source's order") {
    PostgresPair pair;
    pair.run_on_both(
        "CREATE SCHEMA s; CREATE TABLE s.parent (id int PRIMARY KEY, v text);"
        "CREATE TABLE s.child (id int PRIMARY KEY, p int NOT NULL REFERENCES s.parent)");
    TaskIni ini = pair.ini();
    ini.set("sinker", "disable_foreign_key_checks", "false");
    // An account that could not switch them off.
    pair.target.run(
        "CREATE ROLE plain LOGIN PASSWORD 'pw'; GRANT CREATE ON DATABASE d TO plain;"
        "GRANT USAGE ON SCHEMA s TO plain; GRANT ALL ON ALL TABLES IN SCHEMA s TO plain");
    ini.set("sinker", "url", fmt::format("postgres://plain:pw@127.0.0.1:{}/d", pair.target.port()));
    WorkerProcess worker(ini, pair.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    pair.source.run(
        "BEGIN; INSERT INTO s.parent VALUES (1, 'a'), (2, 'b');"
        "INSERT INTO s.child VALUES (1, 1), (2, 2); UPDATE s.parent SET v = 'c';"
        "UPDATE s.child SET p = 1; DELETE FROM s.parent WHERE id = 2; COMMIT");
    CHECK(pair.arrive_and_stop(worker) == "exit code 0");
    CHECK(pair.differences() == "");

    TaskIni off = ini;
    off.set("sinker", "disable_foreign_key_checks", "true");
    WorkerProcess refused(off, pair.folder.path());
    const auto outcome = refused.wait_for_exit();
    CHECK(outcome.status.code == 77);
    CHECK_THAT(outcome.output, Catch::Contains("GRANT SET ON PARAMETER session_replication_role") &&
                                   Catch::Contains("disable_foreign_key_checks=false"));
}

TEST_CASE(
    "postgres: a column that comes in mid-stream is applied, and one the target lacks named") {
    PostgresPair pair;
    pair.run_on_both("CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, v text)");
    WorkerProcess worker(pair.ini(), pair.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    pair.source.run("INSERT INTO s.t VALUES (1, 'a')");
    worker.wait_for_checkpoint(pair.source.wal_end());
    pair.target.run("ALTER TABLE s.t ADD w int");
    pair.source.run("ALTER TABLE s.t ADD w int");
    pair.source.run("INSERT INTO s.t VALUES (2, 'b', 7); UPDATE s.t SET w = 8 WHERE id = 1");
    worker.wait_for_checkpoint(pair.source.wal_end());
    CHECK(pair.differences() == "");
    pair.source.run("ALTER TABLE s.t ADD x int");
    pair.source.run("INSERT INTO s.t VALUES (3, 'c', 7, 1)");
    const auto outcome = worker.wait_for_exit();
    CHECK(outcome.status.code == 76);
    CHECK_THAT(outcome.output, Catch::Contains("has no column `x`"));
    pair.target.run("ALTER TABLE s.t ADD x int");
    WorkerProcess again(pair.ini(), pair.folder.path());
    CHECK(pair.arrive_and_stop(again) == "exit code 0");
    CHECK(pair.differences() == "");
}
