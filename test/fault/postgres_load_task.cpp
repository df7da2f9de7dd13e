#include "test/fault/postgres_load_task.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "lib/position/postgres_position.hpp"
#include "test/fault/load_tables.hpp"
#include "test/fault/position_history.hpp"
#include "test/servers/compare_tables.hpp"

namespace dts::test {

PostgresLoadTask::PostgresLoadTask()
    // With so little memory the server streams what is not small while it goes on, as it is asked
    // to unless the task says otherwise.
    : source(std::make_unique<PostgresServer>(
          std::vector<std::string>{"logical_decoding_work_mem=64kB"})),
      target(std::make_unique<PostgresServer>()),
      ini(TaskIni::postgres_cdc(*source, *target, load_database)) {
    for (auto* server : {source.get(), target.get()}) server->run(load_tables(*server).create);
    // All of the load goes through the worker, whenever that first comes to run.
    source->run(
        fmt::format("CREATE PUBLICATION {0}_publication_for_all_tables FOR ALL TABLES WITH "
                    "(publish_via_partition_root=true)",
                    slot));
    source->run(fmt::format("SELECT pg_create_logical_replication_slot('{}', 'pgoutput')", slot));
}

void PostgresLoadTask::check_arrived(MixedLoad& load, WorkerProcess& worker) {
    load.stop();
    CHECK(load.committed() > 0);
    check_arrived(worker);
}

void PostgresLoadTask::check_arrived(WorkerProcess& worker) {
    worker.wait_for_checkpoint(source->wal_end(), std::chrono::minutes(5));
    const auto outcome = worker.stop();
    INFO(outcome.output);
    CHECK(outcome.status.text() == "exit code 0");
    CHECK(differences() == "");
    const auto history = read_position_history(worker.log_folder());
    CHECK(history.faults == std::vector<std::string>{});
    CHECK(history.moves > 0);
    CHECK(slot_fault() == "");
}

void PostgresLoadTask::wait_until_streaming(WorkerProcess& worker) {
    worker.wait_for_line("PgCdcExtractor starts");
}

std::string PostgresLoadTask::target_checkpoint() {
    return target->scalar(
        "SELECT coalesce((SELECT position_data FROM dts_metadata.task_position), '')");
}

std::string PostgresLoadTask::differences() {
    auto left = source->connect();
    auto right = target->connect();
    return compare_schemas(left, right, load_database);
}

std::string PostgresLoadTask::slot_fault() {
    if (target->scalar("SELECT to_regclass('dts_metadata.task_position') IS NULL") == "t")
        return {};
    const auto confirmed = source->confirmed_lsn(slot);
    const auto checkpoint = target_checkpoint();
    if (checkpoint.empty()) return {};
    const auto held = parse_lsn(json_field(checkpoint, "lsn")).value_or(0);
    if (parse_lsn(confirmed).value_or(~0ULL) <= held) return {};
    return fmt::format("the slot stands at {}, the target at {}", confirmed, checkpoint);
}

}  // namespace dts::test
