// Postgres: what a transaction in progress has sent can not be kept in the log directory. The task
// goes on without streaming, and nothing is lost, nothing applied twice.
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include <functional>

#include "test/fault/await.hpp"
#include "test/fault/postgres_load_task.hpp"
#include "test/fault/small_disk.hpp"
#include "test/skip.hpp"

using namespace dts;
using namespace dts::test;

namespace {

/// A transaction grows until the worker gives up keeping it, while others commit; then it commits.
void goes_on_without_streaming(PostgresLoadTask& task,
                               const std::function<void(WorkerProcess&)>& narrow) {
    Chance chance("a transaction that can not be kept");
    INFO("DTS_TEST_SEED=" << chance.seed());
    WorkerProcess worker(task.ini, task.folder.path());
    task.wait_until_streaming(worker);
    narrow(worker);
    MixedLoad load(*task.source, chance);
    auto open = task.source->connect();
    open.query("BEGIN");
    // Some 18 MB: the commits of others flush the log that they stand in.
    for (int i = 1; i <= 20; ++i) {
        open.query(
            fmt::format("INSERT INTO fault_load.by_id (id, v) SELECT {} + i, repeat('x', 180) "
                        "FROM generate_series(1, 4000) i",
                        1'000'000 * i));
    }
    const auto warning = worker.wait_for_line("can not be kept in");
    CHECK_THAT(warning, Catch::Contains(task.log_folder().string()));
    CHECK_THAT(warning, Catch::Contains("MiB are free there"));
    CHECK_THAT(warning, Catch::Contains("HINT: make room there and start the worker again"));
    task.wait_until_streaming(worker);
    const auto streamed = [&] {
        return task.source->scalar(
            "SELECT coalesce(sum(stream_count), 0) FROM pg_stat_replication_slots");
    };
    CHECK(streamed() != "0");
    // Others go on arriving while it is open.
    worker.wait_for_checkpoint(task.source->wal_end());
    CHECK(task.target->scalar("SELECT count(*) FROM fault_load.by_id WHERE id > 1000000") == "0");
    const auto before = streamed();
    open.query("COMMIT");
    task.check_arrived(load, worker);
    CHECK(streamed() == before);
    CHECK(task.target->scalar("SELECT count(*) FROM fault_load.by_id WHERE id > 1000000") ==
          "80000");
    CHECK(last_record(task.log_folder(), "checkpoint_position") == task.target_checkpoint());
}

}  // namespace

TEST_CASE("postgres: a log directory that is too small for a streamed transaction is not filled") {
    PostgresLoadTask task;
    SmallDisk disk(task.log_folder(), "16m");
    if (!disk.error().empty()) return skip("no tmpfs can be mounted: " + disk.error());
    goes_on_without_streaming(task, [](WorkerProcess&) {});
}

TEST_CASE("postgres: a streamed transaction that can not be written is read when it commits") {
    PostgresLoadTask task;
    goes_on_without_streaming(task, [](WorkerProcess& worker) {
        // No file of the worker may be larger: the logs are not, for as long as this takes.
        const rlimit four_mebibytes{4 << 20, 4 << 20};
        if (::prlimit(worker.pid(), RLIMIT_FSIZE, &four_mebibytes, nullptr) != 0)
            throw std::runtime_error("prlimit failed");
    });
}
