// Subscribed tables that are idle while the rest of the source is not: the position moves on all
// the same, or the binlog it names would be purged one day.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "test/fault/await.hpp"
#include "test/fault/chance.hpp"
#include "test/fault/load_task.hpp"

using namespace dts;
using namespace dts::test;

namespace {

void make_other_traffic(DatabaseServer& source, int transactions) {
    source.run("CREATE DATABASE IF NOT EXISTS other; CREATE TABLE IF NOT EXISTS other.t (v INT)");
    for (int i = 0; i < transactions; ++i) source.run("INSERT INTO other.t VALUES (1)");
}

}  // namespace

TEST_CASE("quiet tables: the position follows traffic that the filter leaves out") {
    auto task = LoadTask::mariadb();
    WorkerProcess worker(task.ini, task.folder.path());
    task.wait_until_streaming(worker);
    for (int round = 0; round < 3; ++round) {
        make_other_traffic(*task.source, 200);
        worker.wait_for_checkpoint(task.source->binlog_end());
    }
    // Over files of the binlog too, and with nothing behind the new file's head.
    task.source->run("FLUSH BINARY LOGS");
    make_other_traffic(*task.source, 1);
    worker.wait_for_checkpoint(task.source->binlog_end());
    worker.stop();
    CHECK(last_record(task.log_folder(), "checkpoint_position") == task.target_checkpoint());
    CHECK(task.target->scalar("SELECT COUNT(*) FROM information_schema.schemata "
                              "WHERE schema_name = 'other'") == "0");

    // What the log says is enough: all before it may be purged.
    task.source->run(fmt::format("PURGE BINARY LOGS TO '{}'", task.source->binlog_end().file));
    task.source->run("INSERT INTO fault_load.keyless VALUES (1, 'after the purge')");
    WorkerProcess again(task.ini, task.folder.path());
    task.check_arrived(again);
}

TEST_CASE("quiet tables: the heartbeat table is made, kept up to date, and moves the position") {
    auto task = LoadTask::mariadb();
    task.ini.set("extractor", "heartbeat_tb", "heartbeat_db.dts_heartbeat")
        .set("extractor", "heartbeat_interval_secs", "1");
    WorkerProcess worker(task.ini, task.folder.path());
    task.wait_until_streaming(worker);
    const auto row = [&](const char* column) {
        return task.source->scalar(
            fmt::format("SELECT {} FROM heartbeat_db.dts_heartbeat", column));
    };
    wait_for_sql(
        *task.source,
        "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'heartbeat_db'",
        &worker);
    wait_for_sql(*task.source, "SELECT COUNT(*) FROM heartbeat_db.dts_heartbeat", &worker);
    const auto first_beat = row("update_timestamp");
    // Each beat is a transaction of the source: the position moves by it alone.
    worker.wait_for_checkpoint(task.source->binlog_end());
    wait_for_sql(
        *task.source,
        fmt::format("SELECT update_timestamp > '{}' FROM heartbeat_db.dts_heartbeat", first_beat),
        &worker);
    worker.wait_for_checkpoint(task.source->binlog_end());
    wait_for_sql(*task.source,
                 "SELECT flushed_next_event_position > 0 FROM heartbeat_db.dts_heartbeat", &worker);
    CHECK(row("flushed_binlog_filename").starts_with("mysql-bin."));
    CHECK(row("received_binlog_filename").starts_with("mysql-bin."));

    // The table is there at the next start, and is not copied to the target.
    CHECK(worker.stop().status.text() == "exit code 0");
    const auto last_beat = row("update_timestamp");
    WorkerProcess again(task.ini, task.folder.path());
    wait_for_sql(
        *task.source,
        fmt::format("SELECT update_timestamp > '{}' FROM heartbeat_db.dts_heartbeat", last_beat),
        &again);
    again.stop();
    CHECK(task.target->scalar("SELECT COUNT(*) FROM information_schema.schemata "
                              "WHERE schema_name = 'heartbeat_db'") == "0");
}
