// Postgres: kills, stops and lost connections under load. Nothing is lost, nothing is applied
// twice, no reader of the target sees a part of a transaction, and the source's slot never stands
// beyond what the target holds.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <iostream>

#include "test/fault/await.hpp"
#include "test/fault/invariant_reader.hpp"
#include "test/fault/nemesis.hpp"
#include "test/fault/postgres_load_task.hpp"

using namespace dts;
using namespace dts::test;

namespace {

void survives_kills(PostgresLoadTask& task, unsigned kills, std::string_view name) {
    Chance chance(name);
    INFO("DTS_TEST_SEED=" << chance.seed());
    InvariantReader reader(*task.target);
    Nemesis nemesis(*task.target, chance);
    nemesis.after_each_kill([&] { CHECK(task.slot_fault() == ""); });
    MixedLoad load(*task.source, chance);
    for (unsigned kill = 0; kill < kills; ++kill) {
        // With the small one large transactions come in parts.
        task.ini.set("pipeline", "buffer_size", kill % 2 == 0 ? "16000" : "700");
        nemesis.kill_streaming(1, task.ini, task.folder.path());
    }
    WorkerProcess worker(task.ini, task.folder.path());
    task.check_arrived(load, worker);
    CHECK(reader.stop() == "");
    std::cout << fmt::format("{}: {}; {} transactions, {} rolled back; {} looks at the target\n",
                             name, nemesis.count().text(), load.committed(), load.rolled_back(),
                             reader.looks());
    CHECK(reader.looks() >= kills);
    if (kills >= 40) CHECK(nemesis.count().inside_apply > 0);
}

}  // namespace

TEST_CASE("postgres: SIGKILL under load, rdb_merge: both sides end equal, no look sees a part") {
    PostgresLoadTask task;
    survives_kills(task, by_form(10U, 200U), "SIGKILL, postgres, rdb_merge");
}

TEST_CASE("postgres: SIGKILL under load, serial: both sides end equal, no look sees a part") {
    PostgresLoadTask task;
    task.ini.set("parallelizer", "parallel_type", "serial")
        .set("extractor", "stream_in_progress", "false");
    survives_kills(task, by_form(10U, 100U), "SIGKILL, postgres, serial");
}

TEST_CASE("postgres: SIGKILL under load, at least once: every table with a key ends equal") {
    PostgresLoadTask task;
    task.ini.set("pipeline", "exactly_once", "false")
        .set("filter", "ignore_tbs",
             "fault_load.keyless,fault_load.ledger,fault_load.two_keys_next");
    Chance chance("SIGKILL, postgres, at least once");
    INFO("DTS_TEST_SEED=" << chance.seed());
    Nemesis nemesis(*task.target, chance);
    MixedLoad load(*task.source, chance);
    nemesis.kill_streaming(by_form(5U, 50U), task.ini, task.folder.path());
    WorkerProcess worker(task.ini, task.folder.path());
    load.stop();
    task.source->run("DELETE FROM fault_load.keyless; DELETE FROM fault_load.ledger");
    task.check_arrived(worker);
    CHECK(task.target->scalar("SELECT count(*) FROM pg_namespace WHERE nspname='dts_metadata'") ==
          "0");
}

TEST_CASE("postgres: SIGTERM under load: the log's last record is the target's checkpoint") {
    PostgresLoadTask task;
    Chance chance("SIGTERM under load, postgres");
    INFO("DTS_TEST_SEED=" << chance.seed());
    MixedLoad load(*task.source, chance);
    for (unsigned stops = by_form(5U, 50U); stops > 0; --stops) {
        WorkerProcess worker(task.ini, task.folder.path());
        task.wait_until_streaming(worker);
        expect_running_for(worker, chance.moment(std::chrono::milliseconds(700)));
        worker.terminate();
        const auto outcome = worker.wait_for_exit(std::chrono::seconds(10));
        INFO(outcome.output);
        CHECK(outcome.status.text() == "exit code 0");
        CHECK(last_record(task.log_folder(), "checkpoint_position") == task.target_checkpoint());
        CHECK(task.slot_fault() == "");
    }
    WorkerProcess worker(task.ini, task.folder.path());
    task.check_arrived(load, worker);
}

TEST_CASE("postgres: source and target are killed under load and come back") {
    PostgresLoadTask task;
    Chance chance("servers killed, postgres");
    INFO("DTS_TEST_SEED=" << chance.seed());
    InvariantReader reader(*task.target);
    MixedLoad load(*task.source, chance);
    WorkerProcess worker(task.ini, task.folder.path());
    task.wait_until_streaming(worker);
    for (unsigned round = by_form(2U, 10U); round > 0; --round) {
        for (auto* server : {task.source.get(), task.target.get()}) {
            expect_running_for(worker, chance.moment(std::chrono::milliseconds(1000)));
            server->kill();
            server->start();
            // A group may find its target again by itself; the stream is always begun anew.
            if (server == task.source.get()) task.wait_until_streaming(worker);
        }
    }
    task.check_arrived(load, worker);
    CHECK(reader.stop() == "");
}

TEST_CASE("postgres: a connection that is ended by the server is made anew") {
    PostgresLoadTask task;
    Chance chance("connections ended, postgres");
    INFO("DTS_TEST_SEED=" << chance.seed());
    InvariantReader reader(*task.target);
    MixedLoad load(*task.source, chance);
    WorkerProcess worker(task.ini, task.folder.path());
    for (unsigned round = by_form(6U, 50U); round > 0; --round) {
        expect_running_for(worker, chance.moment(std::chrono::milliseconds(700)));
        const bool of_source = chance.one_in(2);
        (of_source ? task.source : task.target)
            ->run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                "application_name='task'");
    }
    task.check_arrived(load, worker);
    CHECK(reader.stop() == "");
}

TEST_CASE("postgres: a target that stands still for longer than wal_sender_timeout") {
    PostgresLoadTask task;
    task.source->stop();
    task.source->start({"wal_sender_timeout=1s"});
    WorkerProcess worker(task.ini, task.folder.path());
    task.wait_until_streaming(worker);
    auto other = task.target->connect();
    other.query("BEGIN; LOCK TABLE fault_load.by_id");
    // More than all buffers between take: the reader stands still, its keepalives must not.
    task.source->run(
        "INSERT INTO fault_load.by_id (id, v) SELECT i, repeat('x', 200) FROM "
        "generate_series(1, 300000) i");
    const auto walsender = [&] {
        return task.source->scalar(
            "SELECT pid FROM pg_stat_replication WHERE application_name='task'");
    };
    const auto before = walsender();
    expect_running_for(worker, std::chrono::seconds(4));
    CHECK(walsender() == before);
    other.query("COMMIT");
    task.check_arrived(worker);
}

TEST_CASE("postgres: servers that are shut down while nothing is to do come back, and so does it") {
    PostgresLoadTask task;
    WorkerProcess worker(task.ini, task.folder.path());
    task.wait_until_streaming(worker);
    int rows = 0;
    const auto insert = [&] {
        task.source->run(
            fmt::format("INSERT INTO fault_load.by_id (id, v) VALUES ({}, 'x')", ++rows));
        // All is acknowledged then: the server ends the stream as one that has had everything.
        worker.wait_for_checkpoint(task.source->wal_end());
    };
    for (auto* server : {task.source.get(), task.target.get()}) {
        insert();
        server->stop();
        server->start();
        insert();
    }
    task.check_arrived(worker);
}
