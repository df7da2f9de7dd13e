// A transaction much larger than the worker's memory: it stays within bounds, is seen whole or not
// at all, and a kill in the middle of it leaves nothing behind.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <condition_variable>
#include <iostream>

#include "test/fault/await.hpp"
#include "test/fault/chance.hpp"
#include "test/fault/load_task.hpp"
#include "test/fault/postgres_load_task.hpp"

using namespace dts;
using namespace dts::test;

namespace {

constexpr std::int64_t most_rss_kib = 256 * 1024;

/// Watches the first, a middle and the last row of by_id, and whether they are of one transaction.
class WholeReader {
  public:
    WholeReader(const SqlServer& target, int rows)
        : target_(target),
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
        const auto session = load_session(target_);
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock(mutex);
        while (!stop.stop_requested()) {
            std::string seen;
            session->begin_snapshot();
            for (const int id : {1, rows_ / 2, rows_}) {
                seen += session->scalar(fmt::format("SELECT n FROM by_id WHERE id = {}", id))
                            .value_or("none");
            }
            session->execute("COMMIT");
            if (seen != "nonenonenone" && seen != "000" && seen != "111") broken_ = seen;
            ++looks_;
            wake.wait_for(lock, stop, std::chrono::milliseconds(20), [] { return false; });
        }
    }

    const SqlServer& target_;
    const int rows_;
    std::string broken_;
    unsigned looks_ = 0;
    std::jthread thread_;
};

std::string insert_of(const SqlServer& server, int rows) {
    return server.kind() == SqlKind::postgres
               ? fmt::format(
                     "INSERT INTO fault_load.by_id (id, v) SELECT i, repeat('x', 100) FROM "
                     "generate_series(1, {}) i",
                     rows)
               : fmt::format(
                     "INSERT INTO fault_load.by_id (id, v) SELECT seq, REPEAT('x', 100) FROM "
                     "seq_1_to_{}",
                     rows);
}

/// Two transactions of so many rows, one that inserts and one that updates them.
template <typename Task>
void is_applied_whole(Task& task, const char* parallel_type) {
    const int rows = by_form(200'000, 2'000'000);
    task.ini.set("parallelizer", "parallel_type", parallel_type);
    WholeReader reader(*task.target, rows);
    task.source->run(insert_of(*task.source, rows));
    task.source->run("UPDATE fault_load.by_id SET n = 1");
    std::int64_t killed_rss_kib = 0;
    {
        const auto is_half = rows_inserted_from_now(*task.target, static_cast<unsigned>(rows / 2));
        WorkerProcess worker(task.ini, task.folder.path());
        wait_for_sql(*task.target, is_half, &worker, std::chrono::minutes(5));
        worker.kill();
        killed_rss_kib = worker.wait_for_exit().status.peak_rss_kib;
        CHECK(killed_rss_kib < most_rss_kib);
    }
    CHECK(task.target->scalar("SELECT COUNT(*) FROM fault_load.by_id") == "0");

    WorkerProcess worker(task.ini, task.folder.path());
    worker.wait_for_checkpoint(task.source_end(), std::chrono::minutes(15));
    const auto status = worker.stop().status;
    CHECK(status.text() == "exit code 0");
    CHECK(status.peak_rss_kib < most_rss_kib);
    CHECK(reader.stop() == "");
    CHECK(reader.looks() > 20);
    std::cout << fmt::format(
        "{}: {} rows in a transaction, {}: {} MiB at most ({} until it was killed), {} looks\n",
        task.source->kind() == SqlKind::postgres ? "postgres" : "mariadb", rows, parallel_type,
        status.peak_rss_kib / 1024, killed_rss_kib / 1024, reader.looks());

    WorkerProcess last(task.ini, task.folder.path());
    task.wait_until_streaming(last);
    task.check_arrived(last);
}

}  // namespace

TEST_CASE("large transaction, rdb_merge: bounded memory, applied whole, also after a kill") {
    auto task = LoadTask::mariadb();
    is_applied_whole(task, "rdb_merge");
}

TEST_CASE("large transaction, serial: bounded memory, applied whole, also after a kill") {
    auto task = LoadTask::mariadb();
    is_applied_whole(task, "serial");
}

TEST_CASE("postgres: large transaction, streamed: bounded memory, whole, also after a kill") {
    PostgresLoadTask task;
    is_applied_whole(task, "rdb_merge");
}

TEST_CASE("postgres: large transaction, serial: bounded memory, whole, also after a kill") {
    PostgresLoadTask task;
    task.ini.set("extractor", "stream_in_progress", "false");
    is_applied_whole(task, "serial");
}
