// Postgres: TRUNCATE is applied in its place among the other changes, where it is asked for.
#include <catch2/catch.hpp>

#include "test/integration/postgres_pair.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;

namespace {

struct Tables : PostgresPair {
    Tables() {
        run_on_both(
            "CREATE SCHEMA s; CREATE TABLE s.a (id serial PRIMARY KEY, v text);"
            "CREATE TABLE s.b (id int PRIMARY KEY, a int REFERENCES s.a);"
            "CREATE TABLE s.parted (id int PRIMARY KEY) PARTITION BY RANGE (id);"
            "CREATE TABLE s.parted_1 PARTITION OF s.parted FOR VALUES FROM (0) TO (100);"
            "CREATE TABLE s.child () INHERITS (s.a); ALTER TABLE s.child ADD PRIMARY KEY (id)");
    }
    TaskIni with_truncate() const { return ini().set("filter", "do_ddls", "truncate_table"); }
};

}  // namespace

TEST_CASE("postgres: TRUNCATE is applied in order, also of tables that reference each other") {
    for (const char* type : {"rdb_merge", "serial"}) {
        Tables t;
        WorkerProcess worker(t.with_truncate().set("parallelizer", "parallel_type", type),
                             t.folder.path());
        worker.wait_for_line("PgCdcExtractor starts");
        t.source.run(
            "BEGIN; INSERT INTO s.a VALUES (1, 'gone'); INSERT INTO s.b VALUES (1, 1);"
            "INSERT INTO s.parted VALUES (1), (2); TRUNCATE s.a, s.b;"
            "INSERT INTO s.a VALUES (1, 'new'), (2, 'x'); INSERT INTO s.b VALUES (9, 2); COMMIT");
        t.source.run("TRUNCATE s.a CASCADE; INSERT INTO s.a VALUES (3, 'y')");
        t.source.run("TRUNCATE s.parted; INSERT INTO s.parted VALUES (3)");
        t.source.run("INSERT INTO s.child VALUES (50, 'stays'); TRUNCATE ONLY s.a CASCADE");
        t.source.run("TRUNCATE s.b RESTART IDENTITY; INSERT INTO s.b VALUES (4, NULL)");
        worker.wait_for_line("TRUNCATE ... RESTART IDENTITY of source table \"s\".\"b\"");
        CHECK(t.arrive_and_stop(worker) == "exit code 0");
        CHECK(t.differences() == "");
        CHECK(t.target.scalar("SELECT string_agg(id::text, ',') FROM s.parted") == "3");
        CHECK(t.target.scalar("SELECT string_agg(id::text, ',') FROM s.a") == "50");
    }
}

TEST_CASE("postgres: TRUNCATE that is not asked for leaves the target alone, and is said once") {
    Tables t;
    WorkerProcess worker(t.ini(), t.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    t.source.run("INSERT INTO s.a VALUES (1, 'x'); TRUNCATE s.a CASCADE");
    worker.wait_for_line("TRUNCATE of source table \"s\".\"a\" is not applied to the target");
    CHECK(t.arrive_and_stop(worker) == "exit code 0");
    CHECK(t.target.scalar("SELECT count(*) FROM s.a") == "1");
}

TEST_CASE("postgres: TRUNCATE of what another table of the target references ends with its name") {
    Tables t;
    t.target.run("CREATE TABLE elsewhere (a int REFERENCES s.a)");
    WorkerProcess worker(t.with_truncate(), t.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    t.source.run("INSERT INTO s.a VALUES (1, 'x')");
    worker.wait_for_checkpoint(t.source.wal_end());
    t.source.run("TRUNCATE s.a CASCADE");
    const auto outcome = worker.wait_for_exit();
    CHECK(outcome.status.code == 76);
    CHECK_THAT(outcome.output, Contains("\"s\".\"a\"") && Contains("elsewhere"));
    CHECK(t.target.scalar("SELECT count(*) FROM s.a") == "1");
}
