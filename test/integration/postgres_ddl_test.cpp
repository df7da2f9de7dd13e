// Postgres: definition statements, noted by the event trigger of the README, are applied in their
// place among the rows, or said in the log.
#include <catch2/catch.hpp>

#include "test/integration/postgres_pair.hpp"
#include "test/servers/readme_sql.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;

namespace {

struct DdlPair : PostgresPair {
    explicit DdlPair(const std::vector<std::string>& settings = {}) : PostgresPair(settings) {
        source.run(ddl_trigger_sql());
        run_on_both("CREATE SCHEMA s; CREATE TABLE s.a (id int PRIMARY KEY, v text)");
    }
    TaskIni with_ddl(std::string_view kinds = "*") const {
        return ini().set("extractor", "ddl_meta_tb", "dts.ddl").set("filter", "do_ddls", kinds);
    }
    /// Tables, columns and indexes of s, a line each.
    static std::string definitions(PostgresServer& server) {
        return server.scalar(
            "SELECT string_agg(line, E'\\n' ORDER BY line) FROM (SELECT concat_ws(' ', "
            "table_name, ordinal_position, column_name, data_type, column_default, is_nullable) "
            "FROM information_schema.columns WHERE table_schema='s' UNION ALL SELECT indexdef FROM "
            "pg_indexes WHERE schemaname='s') AS x(line)");
    }
    void check_equal() {
        CHECK(differences() == "");
        CHECK(definitions(target) == definitions(source));
    }
};

/// A client that sends `messages` one by one in one session.
void run_in_session(PostgresServer& server, std::initializer_list<const char*> messages) {
    auto session = server.connect();
    for (const char* message : messages) session.query(message);
}

}  // namespace

TEST_CASE("postgres: DDL is applied in its place among the rows of its transaction") {
    for (const char* type : {"rdb_merge", "serial"}) {
        DdlPair t;
        WorkerProcess worker(t.with_ddl().set("parallelizer", "parallel_type", type),
                             t.folder.path());
        worker.wait_for_line("PgCdcExtractor starts");
        t.source.run(
            "BEGIN; INSERT INTO s.a VALUES (1, 'x'), (2, 'y');"
            "ALTER TABLE s.a ADD COLUMN n int NOT NULL DEFAULT 7; UPDATE s.a SET n=8 WHERE id=2;"
            "INSERT INTO s.a VALUES (3, 'z', 9); ALTER TABLE s.a ALTER n TYPE bigint, "
            "ADD CHECK (n < 100); UPDATE s.a SET n=n+1; COMMIT");
        // A new unique key is known to what is merged behind it: its values move.
        t.source.run("CREATE UNIQUE INDEX u ON s.a (n)");
        t.source.run(
            "BEGIN; UPDATE s.a SET n=50 WHERE id=1; UPDATE s.a SET n=8 WHERE id=2;"
            "UPDATE s.a SET n=9 WHERE id=1; COMMIT");
        t.source.run("ALTER TABLE s.a RENAME COLUMN v TO w; UPDATE s.a SET w='r' WHERE id=1");
        t.source.run("ALTER TABLE s.a RENAME TO b; INSERT INTO s.b VALUES (4, 'n', 40)");
        t.source.run("CREATE INDEX CONCURRENTLY i ON s.b (w)");
        t.source.run("ALTER TABLE s.b DROP COLUMN w; DELETE FROM s.b WHERE id=3; DROP INDEX s.u");
        CHECK(t.arrive_and_stop(worker) == "exit code 0");
        t.check_equal();
        CHECK(t.target.scalar("SELECT string_agg(t::text, ' ' ORDER BY id) FROM s.b t") ==
              "(1,9) (2,8) (4,40)");
    }
}

TEST_CASE("postgres: DDL makes and drops tables, as its session would, also inside functions") {
    DdlPair t;
    WorkerProcess worker(t.with_ddl(), t.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    run_in_session(
        t.source,
        {"SET search_path = s, public", "SET TimeZone = 'Asia/Tokyo'", "SET DateStyle = 'SQL, DMY'",
         "CREATE TABLE made (id int PRIMARY KEY, at timestamptz DEFAULT '03.02.2024 "
         "00:00', v text DEFAULT ';''--') -- with a comment",
         "INSERT INTO made VALUES (1); ALTER TABLE made ADD day date DEFAULT "
         "'04.03.2024'; INSERT INTO made VALUES (2)",
         "CREATE TABLE one (id int PRIMARY KEY); INSERT INTO one VALUES (1);"
         "CREATE TEMP TABLE two (id int); CREATE TABLE IF NOT EXISTS one (id int);"
         "CREATE TABLE \"Three \"\" T\" (\"I d\" serial PRIMARY KEY);"
         "INSERT INTO \"Three \"\" T\" VALUES (3)"});
    t.source.run(
        "DO $do$ BEGIN CREATE TABLE s.f (id int PRIMARY KEY); INSERT INTO s.f VALUES (1);"
        "EXECUTE 'ALTER TABLE s.f ADD v text DEFAULT ''\"q\"'''; INSERT INTO s.f VALUES (2); END "
        "$do$");
    t.source.run(
        "CREATE TABLE s.parted (id int PRIMARY KEY) PARTITION BY RANGE (id);"
        "CREATE TABLE s.parted_1 PARTITION OF s.parted FOR VALUES FROM (0) TO (100);"
        "INSERT INTO s.parted VALUES (5); DROP TABLE s.a");
    t.source.run("BEGIN; CREATE TABLE s.never (id int PRIMARY KEY); ROLLBACK");
    CHECK(t.arrive_and_stop(worker) == "exit code 0");
    t.check_equal();
    CHECK(t.target.scalar("SELECT count(*) FROM s.parted_1") == "1");
    CHECK(t.target.scalar("SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24') FROM s.made "
                          "WHERE id=2") == "2024-02-02 15");
}

TEST_CASE("postgres: DDL inside a large transaction, which comes in parts, also while it goes on") {
    for (const char* streams : {"true", "false"}) {
        DdlPair t({"logical_decoding_work_mem=64kB"});
        WorkerProcess worker(t.with_ddl()
                                 .set("pipeline", "buffer_size", "50")
                                 .set("extractor", "stream_in_progress", streams),
                             t.folder.path());
        worker.wait_for_line("PgCdcExtractor starts");
        run_in_session(
            t.source,
            {"BEGIN", "INSERT INTO s.a SELECT i, repeat('x', 100) FROM generate_series(1, 2000) i",
             "ALTER TABLE s.a ADD n int DEFAULT 5", "CREATE TABLE s.b (id int PRIMARY KEY)",
             "INSERT INTO s.b SELECT generate_series(1, 2000)", "SAVEPOINT p",
             "ALTER TABLE s.b ADD gone int", "INSERT INTO s.b VALUES (3000, 1)", "ROLLBACK TO p",
             "CREATE TABLE s.c (id int PRIMARY KEY)",
             "INSERT INTO s.c SELECT generate_series(1, 2000)",
             "UPDATE s.a SET n=6 WHERE id < 1000", "COMMIT"});
        CHECK(t.arrive_and_stop(worker) == "exit code 0");
        t.check_equal();
        CHECK(t.target.scalar("SELECT count(*) FROM s.c") == "2000");
    }
}

TEST_CASE("postgres: schemas are made and dropped, under the names that the router gives") {
    DdlPair t;
    t.source.run("CREATE SCHEMA old");
    auto ini = t.with_ddl().set("filter", "do_dbs", "*").set("filter", "ignore_dbs", "other");
    ini.set("router", "db_map", "x:y").set("extractor", "stream_in_progress", "true");
    WorkerProcess worker(ini, t.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    t.source.run("CREATE SCHEMA x; CREATE SCHEMA n; CREATE SCHEMA other; DROP SCHEMA old");
    t.source.run("CREATE TABLE n.t (id int PRIMARY KEY); INSERT INTO n.t VALUES (1)");
    t.source.run("CREATE TABLE other.t (id int PRIMARY KEY); INSERT INTO other.t VALUES (1)");
    t.source.run("CREATE TABLE x.t (id int PRIMARY KEY)");
    CHECK_THAT(worker.wait_for_line("CREATE TABLE of source table \"x\".\"t\""),
               Contains("it names what [router] calls otherwise"));
    t.source.run("DROP TABLE x.t; CREATE TABLE n.u (id int PRIMARY KEY); DROP SCHEMA n CASCADE");
    CHECK(t.arrive_and_stop(worker) == "exit code 0");
    CHECK(t.target.scalar("SELECT string_agg(nspname, ' ' ORDER BY 1) FROM pg_namespace WHERE "
                          "nspname IN ('x', 'y', 'n', 'other')") == "y");
}

TEST_CASE("postgres: what two source schemas are written to is not dropped for one of them") {
    DdlPair t;
    t.source.run(
        "CREATE SCHEMA s2; CREATE TABLE s2.a (id int PRIMARY KEY, v text);"
        "CREATE INDEX i ON s.a (v)");
    t.target.run("ALTER SCHEMA s RENAME TO \"all\"; CREATE INDEX i ON \"all\".a (v)");
    WorkerProcess worker(
        t.with_ddl().set("filter", "do_dbs", "s,s2").set("router", "db_map", "s:all,s2:all"),
        t.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    t.source.run("INSERT INTO s.a VALUES (1, 'x'); INSERT INTO s2.a VALUES (2, 'y')");
    t.source.run("DROP INDEX s.i");
    worker.wait_for_line("DROP INDEX of the source, \"s\".\"i\" is not applied");
    t.source.run("DROP TABLE s.a");
    CHECK_THAT(worker.wait_for_line("DROP TABLE of the source, \"s\".\"a\" is not applied"),
               Contains("another source table"));
    t.source.run("DROP SCHEMA s CASCADE; INSERT INTO s2.a VALUES (3, 'z')");
    worker.wait_for_line("DROP SCHEMA of the source, \"s\" is not applied");
    CHECK(t.arrive_and_stop(worker) == "exit code 0");
    CHECK(t.target.scalar("SELECT string_agg(id::text, ' ' ORDER BY id) FROM \"all\".a") ==
          "1 2 3");
    CHECK(t.target.scalar("SELECT count(*) FROM pg_indexes WHERE indexname='i'") == "1");
}

TEST_CASE("postgres: the target's positions are not dropped with a table of that name") {
    DdlPair t;
    WorkerProcess worker(t.with_ddl().set("filter", "do_dbs", "*"), t.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    const std::string table = "dts_metadata.task_position";
    t.source.run("CREATE SCHEMA dts_metadata");
    t.source.run("CREATE TABLE " + table + " (id int PRIMARY KEY); DROP TABLE " + table);
    t.source.run("INSERT INTO s.a VALUES (1, 'x')");
    CHECK(t.arrive_and_stop(worker) == "exit code 0");
    CHECK(t.target.scalar("SELECT count(*) FROM " + table) == "1");
}

TEST_CASE("postgres: DDL that is not applied is said, and leaves the target alone") {
    DdlPair t;
    t.run_on_both("CREATE SCHEMA other; CREATE TABLE other.t (id int PRIMARY KEY)");
    const auto before = DdlPair::definitions(t.target);
    WorkerProcess worker(t.with_ddl("create_table,alter_table,create_index"), t.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    t.source.run("ALTER TABLE other.t ADD x int");
    t.source.run("ALTER TABLE s.a RENAME TO b; ALTER TABLE s.b RENAME TO a");
    CHECK_THAT(worker.wait_for_line("ALTER TABLE of source table \"s\".\"b\""),
               Contains("do_ddls does not have rename_table"));
    t.source.run("ALTER TABLE s.a ADD at timestamptz DEFAULT now()");
    CHECK_THAT(worker.wait_for_line("ALTER TABLE s.a ADD at"),
               Contains("values of the target's making"));
    t.source.run("CREATE TABLE s.c AS SELECT 1 AS id");
    worker.wait_for_line("CREATE TABLE AS of source table \"s\".\"c\"");
    t.source.run("DROP TABLE s.c");
    worker.wait_for_line("do_ddls does not have drop_table");
    t.source.run("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'ALTER TABLE s.a ADD y int'");
    t.source.run("SELECT f()");
    worker.wait_for_line("its text can not be told for certain");
    t.source.run("ALTER TABLE s.a DROP y");
    CHECK_THAT(worker.wait_for_exit().output, Contains("\"y\""));
    CHECK(DdlPair::definitions(t.target) == before);
    CHECK_THAT(worker.default_log(), !Contains("\"other\""));
}

TEST_CASE("postgres: DDL that the target refuses ends with its words, and goes on when it can") {
    DdlPair t;
    const auto ini = t.with_ddl();
    {
        WorkerProcess worker(ini, t.folder.path());
        worker.wait_for_line("PgCdcExtractor starts");
        t.source.run("CREATE TYPE mood AS ENUM ('good'); INSERT INTO s.a VALUES (1, 'x')");
        t.source.run(
            "BEGIN; INSERT INTO s.a VALUES (2, 'y'); ALTER TABLE s.a ADD m mood DEFAULT 'good';"
            "INSERT INTO s.a VALUES (3, 'z'); COMMIT");
        const auto outcome = worker.wait_for_exit();
        CHECK(outcome.status.code == 76);
        CHECK_THAT(outcome.output, Contains("ALTER TABLE of source table \"s\".\"a\"") &&
                                       Contains("type \"mood\" does not exist") &&
                                       Contains("HINT: "));
        CHECK(t.target.scalar("SELECT count(*) FROM s.a WHERE id > 1") == "0");
    }
    t.target.run("CREATE TYPE mood AS ENUM ('good')");
    WorkerProcess worker(ini, t.folder.path());
    CHECK(t.arrive_and_stop(worker) == "exit code 0");
    t.check_equal();
}

TEST_CASE("postgres: what ddl_meta_tb needs is checked at the start") {
    DdlPair t;
    const auto refusal = [&](const TaskIni& ini) {
        WorkerProcess worker(ini, t.folder.path());
        const auto outcome = worker.wait_for_exit();
        CHECK(outcome.status.code == 78);
        return outcome.output;
    };
    CHECK_THAT(refusal(t.with_ddl().set("extractor", "ddl_meta_tb", "dts.none")),
               Contains("\"dts\".\"none\" is not there") && Contains("README"));
    CHECK_THAT(refusal(t.with_ddl().set("extractor", "ddl_meta_tb", "s.a")),
               Contains("has no column event"));
    t.source.run("CREATE PUBLICATION mine FOR TABLE s.a");
    CHECK_THAT(refusal(t.with_ddl().set("extractor", "pub_name", "mine")),
               Contains("ALTER PUBLICATION \"mine\" ADD TABLE \"dts\".\"ddl\""));
    t.source.run("ALTER EVENT TRIGGER dts_ddl_drop DISABLE");
    WorkerProcess worker(t.with_ddl(), t.folder.path());
    worker.wait_for_line("no event trigger on sql_drop that is enabled");
    CHECK_THAT(worker.default_log(), !Contains("no event trigger on ddl_command_end"));
    CHECK(t.arrive_and_stop(worker) == "exit code 0");
}
