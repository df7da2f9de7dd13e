// A transaction much larger than the worker's memory: it stays within bounds, is seen whole or not
// at all, and a kill in the middle of it leaves nothing behind.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <condition_variable>
#include <iostream>

#include "test/fault/await.hpp"
#include "test/fault/chance.hpp"
#include "test/fault/load_task.hpp"

using namespace dts;
using namespace dts::test;

namespace {

constexpr std::int64_t most_rss_kib = 256 * 1024;

/// Watches the first, a middle and the last row of by_id, and whether they are of one transaction.
class WholeReader {
  public:
    WholeReader(const DatabaseServer& target, int rows)
        : endpoint_(target.endpoint()),
          rows_(rows),
          thread_([this](const std::stop_token& stop) { run(stop); }) {}

    /// What was seen in part; empty when nothing was.
    std::string stop() {
        thread_.request_stop();
        thread_.join();
        return broken_;
    }
    unsigned looks() const noexcept { return looks_; }

  private:
    void run(const std::stop_token& stop) {
        MysqlConnection connection(endpoint_);
        connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
        const auto look = fmt::format(
            "SELECT GROUP_CONCAT(n ORDER BY id) FROM fault_load.by_id WHERE id IN (1, {}, {})",
            rows_ / 2, rows_);
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock(mutex);
        while (!stop.stop_requested()) {
            const auto seen = connection.scalar(look).value_or("");
            if (seen != "" && seen != "0,0,0" && seen != "1,1,1") broken_ = seen;
            ++looks_;
            wake.wait_for(lock, stop, std::chrono::milliseconds(20), [] { return false; });
        }
    }

    const MysqlEndpoint endpoint_;
    const int rows_;
    std::string broken_;
    unsigned looks_ = 0;
    std::jthread thread_;
};

void is_applied_whole(const char* parallel_type) {
    const int rows = by_form(200'000, 2'000'000);
    auto task = LoadTask::mariadb();
    task.ini.set("parallelizer", "parallel_type", parallel_type);
    WholeReader reader(*task.target, rows);
    task.source->run(fmt::format(
        "INSERT INTO fault_load.by_id (id, v) SELECT seq, REPEAT('x', 100) FROM seq_1_to_{}",
        rows));
    task.source->run("UPDATE fault_load.by_id SET n = 1");
    {
        const auto is_half = rows_inserted_from_now(*task.target, static_cast<unsigned>(rows / 2));
        WorkerProcess worker(task.ini, task.folder.path());
        wait_for_sql(*task.target, is_half, &worker, std::chrono::minutes(5));
        worker.kill();
        CHECK(worker.wait_for_exit().status.peak_rss_kib < most_rss_kib);
    }
    CHECK(task.target->scalar("SELECT COUNT(*) FROM fault_load.by_id") == "0");

    WorkerProcess worker(task.ini, task.folder.path());
    worker.wait_for_checkpoint(task.source->binlog_end(), std::chrono::minutes(15));
    const auto status = worker.stop().status;
    CHECK(status.text() == "exit code 0");
    CHECK(status.peak_rss_kib < most_rss_kib);
    CHECK(reader.stop() == "");
    CHECK(reader.looks() > 20);
    std::cout << fmt::format("{} rows in a transaction, {}: {} MiB at most, {} looks\n", rows,
                             parallel_type, status.peak_rss_kib / 1024, reader.looks());

    WorkerProcess last(task.ini, task.folder.path());
    task.wait_until_streaming(last);
    task.check_arrived(last);
}

}  // namespace

TEST_CASE("large transaction, rdb_merge: bounded memory, applied whole, also after a kill") {
    is_applied_whole("rdb_merge");
}

TEST_CASE("large transaction, serial: bounded memory, applied whole, also after a kill") {
    is_applied_whole("serial");
}
