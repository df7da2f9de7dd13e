// Postgres: the row that dts keeps up to date in the source. It moves the position and the slot on
// while the subscribed tables are idle, and is no data of the task's.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "lib/position/postgres_position.hpp"
#include "test/integration/postgres_pair.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;

namespace {

struct BeatingTask : PostgresPair {
    BeatingTask() { run_on_both("CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, v text)"); }

    TaskIni beating() const {
        TaskIni task = ini();
        task.set("extractor", "heartbeat_tb", "beats.dts_heartbeat")
            .set("extractor", "heartbeat_interval_secs", "1");
        return task;
    }
    std::string column(const char* name) {
        return source.scalar(
            fmt::format("SELECT {} FROM beats.dts_heartbeat WHERE slot_name='dts_test'", name));
    }
    /// Waits for a beat after this moment.
    void wait_for_beat(WorkerProcess& worker) {
        const auto now = source.scalar("SELECT now()");
        worker.wait_for("a beat", [&] {
            return source.scalar(fmt::format("SELECT 1 WHERE to_regclass('beats.dts_heartbeat') IS "
                                             "NOT NULL")) == "1" &&
                   column(fmt::format("update_timestamp>'{}'", now).c_str()) == "t";
        });
    }
    std::string target_tables() {
        return target.scalar("SELECT count(*) FROM pg_namespace WHERE nspname='beats'");
    }
};

}  // namespace

TEST_CASE("postgres heartbeat: the table is made, published, kept up to date, and moves the slot") {
    BeatingTask e;
    WorkerProcess worker(e.beating(), e.folder.path());
    CHECK_THAT(worker.wait_for_line("PgCdcExtractor starts"),
               Contains("heartbeat_interval_secs: 1, heartbeat_tb: beats.dts_heartbeat"));
    e.wait_for_beat(worker);
    CHECK(e.source.scalar(
              "SELECT string_agg(schemaname || '.' || tablename, ',' ORDER BY schemaname) FROM "
              "pg_publication_tables") == "beats.dts_heartbeat,s.t");
    const auto before = e.source.confirmed_lsn("dts_test");
    const auto end = e.source.wal_end();
    // Nobody but the heartbeat writes.
    worker.wait_for("the slot to move behind the first beat", [&] {
        return *parse_lsn(e.source.confirmed_lsn("dts_test")) >= *parse_lsn(end);
    });
    CHECK(*parse_lsn(before) < *parse_lsn(e.source.confirmed_lsn("dts_test")));
    worker.wait_for("the row to tell what is flushed", [&] {
        return e.column(
                   "flushed_lsn<=received_lsn AND flushed_lsn>'0/0' AND "
                   "confirmed_flush_lsn<=flushed_lsn AND restart_lsn<=confirmed_flush_lsn AND "
                   "flushed_timestamp>now()-interval '1 hour'") == "t";
    });
    CHECK(worker.stop().status.text() == "exit code 0");
    CHECK(e.target_tables() == "0");

    // It is there at the next start, which says nothing of it.
    WorkerProcess again(e.beating(), e.folder.path());
    e.wait_for_beat(again);
    e.source.run("INSERT INTO s.t VALUES (1, 'a')");
    again.wait_for_checkpoint(e.source.wal_end());
    const auto outcome = again.stop();
    CHECK_THAT(outcome.output, !Contains("heartbeat table"));
    CHECK(e.differences() == "");
    CHECK(e.target_tables() == "0");
}

TEST_CASE("postgres heartbeat: its rows are applied where the filter takes them") {
    BeatingTask e;
    e.target.run(
        "CREATE SCHEMA beats; CREATE TABLE beats.dts_heartbeat (slot_name text PRIMARY KEY, "
        "restart_lsn pg_lsn, confirmed_flush_lsn pg_lsn, update_timestamp timestamptz, "
        "received_lsn pg_lsn, received_timestamp timestamptz, flushed_lsn pg_lsn, "
        "flushed_timestamp timestamptz)");
    TaskIni ini = e.beating();
    ini.set("filter", "do_dbs", "s,beats");
    WorkerProcess worker(ini, e.folder.path());
    worker.wait_for("a beat in the target", [&] {
        return e.target.scalar("SELECT count(*) FROM beats.dts_heartbeat") == "1";
    });
    CHECK(worker.stop().status.text() == "exit code 0");
}

TEST_CASE("postgres heartbeat: a publication without its table is told") {
    BeatingTask e;
    e.source.run("CREATE PUBLICATION mine FOR TABLE s.t");
    TaskIni ini = e.beating();
    ini.set("extractor", "pub_name", "mine");
    {
        WorkerProcess worker(ini, e.folder.path());
        worker.wait_for_line(
            "ALTER PUBLICATION \"mine\" ADD TABLE \"beats\".\"dts_heartbeat\" at the source");
        e.wait_for_beat(worker);
        CHECK(e.arrive_and_stop(worker) == "exit code 0");
    }
    e.source.run("ALTER PUBLICATION mine ADD TABLE beats.dts_heartbeat");
    WorkerProcess worker(ini, e.folder.path());
    e.wait_for_beat(worker);
    CHECK_THAT(worker.stop().output, !Contains("ADD TABLE"));
}

TEST_CASE("postgres heartbeat: an account that may not write it is told, and the data flows") {
    BeatingTask e;
    e.source.run(
        "CREATE ROLE reader LOGIN REPLICATION PASSWORD 'pw'; GRANT USAGE ON SCHEMA s TO reader; "
        "CREATE PUBLICATION mine FOR ALL TABLES");
    TaskIni ini = e.beating();
    ini.set("extractor", "pub_name", "mine")
        .set("extractor", "url",
             fmt::format("postgres://reader:pw@127.0.0.1:{}/d", e.source.port()));
    WorkerProcess worker(ini, e.folder.path());
    CHECK_THAT(worker.wait_for_line("the heartbeat table is not written"),
               Contains("permission denied for database d"));
    e.source.run("INSERT INTO s.t VALUES (1, 'a')");
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(e.differences() == "");
}
