// SIGTERM: the worker ends with 0 within 10 seconds whatever the servers do, what it recorded is
// what the target holds, and the next run goes on from there.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <iostream>

#include "test/fault/await.hpp"
#include "test/fault/chance.hpp"
#include "test/fault/load_task.hpp"
#include "test/servers/mariadb_server.hpp"

using namespace dts;
using namespace dts::test;

namespace {

using Clock = std::chrono::steady_clock;

/// The promise itself.
constexpr std::chrono::seconds most_stop_time{10};

void check_stops(WorkerProcess& worker, std::string_view when) {
    INFO("SIGTERM " << when);
    const auto start = Clock::now();
    worker.terminate();
    const auto outcome = worker.wait_for_exit(std::chrono::seconds(60));
    const std::chrono::duration<double> took = Clock::now() - start;
    std::cout << fmt::format("SIGTERM {}: ended after {:.2f} s\n", when, took.count());
    INFO(outcome.output);
    CHECK(outcome.status.text() == "exit code 0");
    CHECK(took < most_stop_time);
}

/// What the next start would find in its log is what the target says.
void check_log_is_targets(LoadTask& task) {
    const auto in_target = task.target_checkpoint();
    CHECK_FALSE(in_target.empty());
    CHECK(last_record(task.log_folder(), "checkpoint_position") == in_target);
}

/// One more change goes through a worker started anew, and all is equal.
void check_goes_on(LoadTask& task) {
    task.source->run("INSERT INTO fault_load.keyless VALUES (0, 'after the stop')");
    WorkerProcess worker(task.ini, task.folder.path());
    task.check_arrived(worker);
    check_log_is_targets(task);
}

/// Some statement of the worker waits for a lock in the target.
constexpr const char* is_blocked =
    "SELECT COUNT(*) > 0 FROM information_schema.processlist WHERE state LIKE 'Waiting for table%'";

}  // namespace

TEST_CASE("SIGTERM under load: the log's last record is the target's checkpoint, nothing is lost") {
    auto task = LoadTask::mariadb();
    Chance chance("SIGTERM under load");
    INFO("DTS_TEST_SEED=" << chance.seed());
    MixedLoad load(*task.source, chance);
    for (unsigned stops = by_form(5U, 50U); stops > 0; --stops) {
        WorkerProcess worker(task.ini, task.folder.path());
        task.wait_until_streaming(worker);
        expect_running_for(worker, chance.moment(std::chrono::milliseconds(700)));
        check_stops(worker, "under load");
        check_log_is_targets(task);
    }
    WorkerProcess worker(task.ini, task.folder.path());
    task.check_arrived(load, worker);
    check_log_is_targets(task);
}

TEST_CASE("SIGTERM while the worker starts: it ends with 0") {
    auto task = LoadTask::mariadb();
    Chance chance("SIGTERM at start");
    INFO("DTS_TEST_SEED=" << chance.seed());
    for (unsigned stops = by_form(8U, 50U); stops > 0; --stops) {
        WorkerProcess worker(task.ini, task.folder.path());
        worker.wait_for_line("task task starts");
        expect_running_for(worker, chance.moment(std::chrono::milliseconds(80)));
        check_stops(worker, "at start");
    }
    check_goes_on(task);
}

TEST_CASE("SIGTERM while idle: it ends at once") {
    auto task = LoadTask::mariadb();
    WorkerProcess worker(task.ini, task.folder.path());
    worker.wait_for_checkpoint(task.source->binlog_end());
    check_stops(worker, "while idle");
    check_log_is_targets(task);
    check_goes_on(task);
}

TEST_CASE("SIGTERM inside a large transaction: none of it stays, all of it comes later") {
    auto task = LoadTask::mariadb();
    task.source->run(
        "INSERT INTO fault_load.by_id (id, v) SELECT seq, REPEAT('x', 100) FROM seq_1_to_150000");
    const auto is_inside = rows_inserted_from_now(*task.target, 20'000);
    WorkerProcess worker(task.ini, task.folder.path());
    wait_for_sql(*task.target, is_inside, &worker);
    check_stops(worker, "inside a large transaction");
    CHECK(task.target->scalar("SELECT COUNT(*) FROM fault_load.by_id") == "0");
    check_log_is_targets(task);
    check_goes_on(task);
}

TEST_CASE("SIGTERM while another session has locked the table: it does not wait for it") {
    auto task = LoadTask::mariadb();
    WorkerProcess worker(task.ini, task.folder.path());
    worker.wait_for_checkpoint(task.source->binlog_end());
    auto other = task.target->connect();
    other.execute("LOCK TABLES fault_load.keyless WRITE");
    task.source->run("INSERT INTO fault_load.keyless VALUES (1, 'waits')");
    wait_for_sql(*task.target, is_blocked);
    check_stops(worker, "while a table is locked");
    check_log_is_targets(task);
    other.execute("UNLOCK TABLES");
    check_goes_on(task);
}

TEST_CASE("SIGTERM while the checkpoint's table is locked at start: it does not wait for it") {
    auto task = LoadTask::mariadb();
    {
        WorkerProcess first(task.ini, task.folder.path());
        first.wait_for_checkpoint(task.source->binlog_end());
        first.stop();
    }
    auto other = task.target->connect();
    other.execute("LOCK TABLES dts_metadata.task_position WRITE");
    WorkerProcess worker(task.ini, task.folder.path());
    wait_for_sql(*task.target, is_blocked);
    check_stops(worker, "while the checkpoint's table is locked");
    other.execute("UNLOCK TABLES");
    check_goes_on(task);
}

TEST_CASE("SIGTERM while the source or the target is down, or does not answer: it ends") {
    auto task = LoadTask::mariadb();
    // A connection more, that of the thread that writes the heartbeat into the source.
    task.ini.set("extractor", "heartbeat_tb", "heartbeat_db.beat")
        .set("extractor", "heartbeat_interval_secs", "1");
    for (DatabaseServer* server : {task.source.get(), task.target.get()}) {
        const std::string name = server == task.source.get() ? "source" : "target";
        INFO("the " << name);
        {
            WorkerProcess worker(task.ini, task.folder.path());
            worker.wait_for_checkpoint(task.source->binlog_end());
            server->stop();
            if (server == task.target.get()) {
                task.source->run("INSERT INTO fault_load.keyless VALUES (2, 'target is down')");
            }
            worker.wait_for_line("WARN");
            check_stops(worker, "while the " + name + " is down");
            server->start();
        }
        {
            WorkerProcess worker(task.ini, task.folder.path());
            worker.wait_for_checkpoint(task.source->binlog_end());
            server->freeze();
            if (server == task.target.get()) {
                task.source->run("INSERT INTO fault_load.keyless VALUES (3, 'target is frozen')");
            }
            expect_running_for(worker, std::chrono::milliseconds(1500));
            check_stops(worker, "while the " + name + " is frozen");
            server->thaw();
        }
        {
            server->freeze();
            WorkerProcess worker(task.ini, task.folder.path());
            worker.wait_for_line("task task starts");
            expect_running_for(worker, std::chrono::milliseconds(300));
            check_stops(worker, "at start, while the " + name + " is frozen");
            server->thaw();
        }
    }
    check_goes_on(task);
}
