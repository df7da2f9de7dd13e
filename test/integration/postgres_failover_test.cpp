// Postgres 17: the primary dies, its standby is promoted. The task goes on there where the server
// has kept the slot in step and nothing was lost that the target holds; else it is a gap.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "test/integration/postgres_pair.hpp"
#include "test/skip.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;

namespace {

constexpr auto release = PostgresServer::Release::seventeen;
constexpr int gap = 66;

bool skips_without_17() {
    const auto why = PostgresServer::why_unavailable(release);
    if (why) skip(*why);
    return why.has_value();
}

/// A pair whose source has a standby; the task's url names both.
struct Failover : PostgresPair {
    Failover() : PostgresPair({}, release, release) {
        run_on_both("CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, v text)");
        source.run("SELECT pg_create_physical_replication_slot('to_standby')");
        standby = std::make_unique<PostgresServer>(
            source, "to_standby",
            std::vector<std::string>{"hot_standby_feedback=on", "sync_replication_slots=on",
                                     "wal_receiver_status_interval=1s"});
        task = ini();
        task.set(
            "extractor", "url",
            fmt::format("postgres://{}:{}@{},{}:{}/{}", PostgresServer::username,
                        PostgresServer::password_in_url, PostgresServer::primary_host,
                        PostgresServer::standby_host, source.port(), PostgresServer::database));
    }

    /// The source sends nothing that the standby does not hold.
    void wait_for_standby_always() {
        source.run("ALTER SYSTEM SET synchronized_standby_slots = 'to_standby'");
        source.run("SELECT pg_reload_conf()");
    }

    /// Returns when the standby's copy of the slot would outlive a promotion. The primary has to
    /// move its own for that.
    void wait_until_in_step(WorkerProcess& worker) {
        worker.wait_for(
            "the slot at the standby",
            [this] {
                source.run("SELECT pg_log_standby_snapshot(); INSERT INTO other VALUES (1)");
                return standby->scalar(
                           "SELECT count(*) FROM pg_replication_slots WHERE slot_name = "
                           "'dts_test' AND synced AND NOT temporary") == "1";
            },
            std::chrono::minutes(2));
    }

    void fail_over() {
        source.kill();
        standby->run("SELECT pg_promote()");
    }

    std::string ids() {
        return target.scalar("SELECT coalesce(string_agg(id::text, ',' ORDER BY id), '') FROM s.t");
    }

    std::unique_ptr<PostgresServer> standby;
    TaskIni task;
};

}  // namespace

TEST_CASE("postgres 17: a promoted standby whose slot was kept in step is gone on with, exactly") {
    if (skips_without_17()) return;
    Failover f;
    f.wait_for_standby_always();
    f.source.run("CREATE TABLE other (i int)");
    auto worker = std::make_unique<WorkerProcess>(f.task, f.folder.path());
    worker->wait_for_line("PgCdcExtractor starts");
    f.source.run("INSERT INTO s.t VALUES (1, 'before'), (2, 'before')");
    f.wait_until_in_step(*worker);
    f.source.run("UPDATE s.t SET v='in step' WHERE id=1; DELETE FROM s.t WHERE id=2");
    worker->wait_for_checkpoint(f.source.wal_end());
    f.fail_over();
    worker->wait_for_line("the source went from timeline 1 to 2");
    worker->wait_for_line("PgCdcExtractor starts");
    f.standby->run("INSERT INTO s.t VALUES (3, 'of the new primary')");
    worker->wait_for_checkpoint(f.standby->wal_end());
    CHECK(f.ids() == "1,3");
    // What was read of the new primary is no more than the old one's: the directory must know.
    worker->kill();
    worker->wait_for_exit();
    f.standby->run("INSERT INTO s.t VALUES (4, 'while it was dead')");
    worker = std::make_unique<WorkerProcess>(f.task, f.folder.path());
    worker->wait_for_checkpoint(f.standby->wal_end());
    CHECK(worker->stop().status.code == 0);
    CHECK(f.ids() == "1,3,4");
    CHECK(f.target.scalar("SELECT v FROM s.t WHERE id=1") == "in step");
}

TEST_CASE("postgres 17: a worker that is started after the promotion goes on as well") {
    if (skips_without_17()) return;
    Failover f;
    f.wait_for_standby_always();
    f.source.run("CREATE TABLE other (i int)");
    {
        WorkerProcess worker(f.task, f.folder.path());
        worker.wait_for_line("PgCdcExtractor starts");
        f.source.run("INSERT INTO s.t VALUES (1, 'before')");
        f.wait_until_in_step(worker);
        worker.wait_for_checkpoint(f.source.wal_end());
        CHECK(worker.stop().status.code == 0);
    }
    f.source.run("INSERT INTO s.t VALUES (2, 'not yet read')");
    f.standby->run(fmt::format(
        "DO $$ BEGIN WHILE pg_last_wal_replay_lsn() < '{}' LOOP PERFORM pg_sleep(0.01); END LOOP; "
        "END $$",
        f.source.wal_end()));
    f.fail_over();
    f.standby->run("INSERT INTO s.t VALUES (3, 'of the new primary')");
    WorkerProcess worker(f.task, f.folder.path());
    worker.wait_for_line("the source went from timeline 1 to 2");
    worker.wait_for_checkpoint(f.standby->wal_end());
    CHECK(worker.stop().status.code == 0);
    CHECK(f.ids() == "1,2,3");
}

TEST_CASE("postgres 17: an old primary that comes back is passed by") {
    if (skips_without_17()) return;
    Failover f;
    f.wait_for_standby_always();
    f.source.run("CREATE TABLE other (i int)");
    {
        WorkerProcess worker(f.task, f.folder.path());
        worker.wait_for_line("PgCdcExtractor starts");
        f.source.run("INSERT INTO s.t VALUES (1, 'before')");
        f.wait_until_in_step(worker);
        f.fail_over();
        worker.wait_for_line("the source went from timeline 1 to 2");
        f.standby->run("INSERT INTO s.t VALUES (2, 'of the new primary')");
        worker.wait_for_checkpoint(f.standby->wal_end());
        CHECK(worker.stop().status.code == 0);
    }
    // First in the url.
    f.source.start();
    f.source.run("INSERT INTO s.t VALUES (3, 'lost')");
    f.standby->run("INSERT INTO s.t VALUES (4, 'of the new primary')");
    WorkerProcess worker(f.task, f.folder.path());
    worker.wait_for_line("this is an old primary, on timeline 1");
    worker.wait_for_line("PgCdcExtractor starts");
    worker.wait_for_checkpoint(f.standby->wal_end());
    CHECK(worker.stop().status.code == 0);
    CHECK(f.ids() == "1,2,4");
}

TEST_CASE("postgres 17: a promoted standby without the slot is a gap") {
    if (skips_without_17()) return;
    Failover f;
    // Not one that goes along.
    f.source.run("CREATE PUBLICATION dts_test_publication_for_all_tables FOR TABLE s.t");
    f.source.run("SELECT pg_create_logical_replication_slot('dts_test', 'pgoutput')");
    WorkerProcess worker(f.task, f.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    f.source.run("INSERT INTO s.t VALUES (1, 'a')");
    worker.wait_for_checkpoint(f.source.wal_end());
    f.fail_over();
    const auto outcome = worker.wait_for_exit(std::chrono::minutes(1));
    INFO(outcome.output);
    CHECK(outcome.status.code == gap);
    CHECK_THAT(outcome.output, Contains("replication slot dts_test does not exist"));
}

TEST_CASE("postgres 17: a promoted standby that lacks what the target holds is a gap") {
    if (skips_without_17()) return;
    Failover f;
    f.source.run("CREATE TABLE other (i int)");
    WorkerProcess worker(f.task, f.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    f.source.run("INSERT INTO s.t VALUES (1, 'both have it')");
    f.wait_until_in_step(worker);
    f.standby->stop();
    f.source.run("INSERT INTO s.t VALUES (2, 'the source will lose it')");
    worker.wait_for_checkpoint(f.source.wal_end());
    f.source.kill();
    f.standby->start();
    f.standby->run("SELECT pg_promote()");
    // Beyond the position: the end of the log alone does not tell.
    f.standby->run("CREATE TABLE more AS SELECT i FROM generate_series(1, 100000) i");
    const auto outcome = worker.wait_for_exit(std::chrono::minutes(1));
    INFO(outcome.output);
    CHECK(outcome.status.code == gap);
    CHECK_THAT(outcome.output, Contains("what the target holds beyond that, the source has lost"));
    CHECK(f.ids() == "1,2");
}

// The position at hand is behind what the target holds, by as much as is not known.
TEST_CASE("postgres 17: a promoted standby is a gap where the target does not hold the position") {
    if (skips_without_17()) return;
    Failover f;
    f.task.set("pipeline", "exactly_once", "false");
    f.wait_for_standby_always();
    f.source.run("CREATE TABLE other (i int)");
    WorkerProcess worker(f.task, f.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    f.source.run("INSERT INTO s.t VALUES (1, 'a')");
    f.wait_until_in_step(worker);
    f.fail_over();
    auto outcome = worker.wait_for_exit(std::chrono::minutes(1));
    INFO(outcome.output);
    CHECK(outcome.status.code == gap);
    CHECK_THAT(outcome.output, Contains("what the target holds beyond its record is not known"));
    WorkerProcess second(f.task, f.folder.path());
    outcome = second.wait_for_exit(std::chrono::minutes(1));
    CHECK(outcome.status.code == gap);
    CHECK_THAT(outcome.output, Contains("what the target holds beyond its record is not known"));
}
