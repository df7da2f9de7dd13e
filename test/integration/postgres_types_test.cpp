// Postgres: what a row may hold, and what tables may look like.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "test/integration/postgres_type_cases.hpp"
#include "test/skip.hpp"

using namespace dts;
using namespace dts::test;

TEST_CASE("postgres: every type arrives as it was, and rows without a key are found by it") {
    PostgresPair pair;
    pair.run_on_both(postgres_types_of_our_own());
    check_types_arrive(pair, postgres_type_cases());
}

TEST_CASE("postgres: geometry and geography of PostGIS arrive as they were") {
    PostgresPair pair;
    constexpr const char* is_there =
        "SELECT count(*) FROM pg_available_extensions WHERE name = 'postgis'";
    if (pair.source.scalar(is_there) != "1") {
        skip("no PostGIS (postgresql-15-postgis-3) is installed");
        return;
    }
    pair.run_on_both("CREATE SCHEMA s; CREATE EXTENSION postgis SCHEMA public");
    check_types_arrive(pair, postgis_type_cases());
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
