#include "test/integration/postgres_type_cases.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <iostream>

namespace dts::test {

namespace {

/// One table for each type, with a key and without.
std::string tables_of(const std::vector<PostgresTypeCase>& cases) {
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

const std::vector<PostgresTypeCase>& postgres_type_cases() {
    static const std::vector<PostgresTypeCase> cases = {
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
    return cases;
}

const std::vector<PostgresTypeCase>& postgis_type_cases() {
    static const std::vector<PostgresTypeCase> cases = {
        {"public.geometry",
         {"'POINT(1 2)'", "'SRID=4326;POINT(13.4 52.52)'", "'POINT EMPTY'",
          "'LINESTRING ZM (0 0 1 2, 0.1 1e300 -3 4)'",
          "'POLYGON((0 0,4 0,4 4,0 4,0 0),(1 1,2 1,2 2,1 2,1 1))'",
          "'GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))'",
          "'CURVEPOLYGON(CIRCULARSTRING(0 0,4 0,4 4,0 4,0 0))'",
          "'TIN(((0 0 0,0 0 1,0 1 0,0 0 0)))'"}},
        {"public.geometry(Point,4326)", {"'SRID=4326;POINT(-0.1 51.5)'"}},
        {"public.geometry(MultiPolygonZ,25832)",
         {"'SRID=25832;MULTIPOLYGON Z (((0 0 1,1 0 1,1 1 1,0 0 1)))'"}},
        {"public.geometry[]", {"ARRAY['POINT(1 2)', NULL, 'POINT Z (1 2 3)']::public.geometry[]"}},
        {"public.geography", {"'POINT(13.4 52.52)'", "'LINESTRING(-179.9 0,179.9 0)'"}},
        {"public.geography(Polygon,4326)", {"'POLYGON((0 0,1 0,1 1,0 0))'"}},
    };
    return cases;
}

const char* postgres_types_of_our_own() {
    return "CREATE SCHEMA s;"
           "CREATE EXTENSION hstore SCHEMA public; CREATE EXTENSION ltree SCHEMA public;"
           "CREATE EXTENSION citext SCHEMA public; CREATE EXTENSION cube SCHEMA public;"
           "CREATE EXTENSION isn SCHEMA public;"
           "CREATE TABLE s.a_table (id int PRIMARY KEY);"
           "CREATE TYPE s.mood AS ENUM ('sad', 'it''s ok', 'happy');"
           "CREATE DOMAIN s.positive AS int CHECK (VALUE > 0);"
           "CREATE TYPE s.pair AS (n int, t text);"
           "CREATE TYPE s.spans AS RANGE (subtype = float8)";
}

void check_types_arrive(PostgresPair& pair, const std::vector<PostgresTypeCase>& cases) {
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

}  // namespace dts::test
