#include "test/fault/load_task.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "test/fault/await.hpp"
#include "test/fault/load_tables.hpp"
#include "test/fault/position_history.hpp"
#include "test/servers/compare_tables.hpp"
#include "test/servers/mariadb_server.hpp"
#include "test/servers/mysql_server.hpp"

namespace dts::test {

LoadTask::LoadTask(std::unique_ptr<DatabaseServer> on_source,
                   std::unique_ptr<DatabaseServer> on_target)
    : source(std::move(on_source)),
      target(std::move(on_target)),
      ini(TaskIni::mysql_cdc(*source, *target, load_database)) {
    for (auto* server : {source.get(), target.get()}) server->run(load_tables(*server).create);
    const auto start = source->binlog_end();
    ini.set("extractor", "binlog_filename", start.file)
        .set("extractor", "binlog_position", std::to_string(start.position));
}

LoadTask LoadTask::mariadb() {
    return {std::make_unique<MariadbServer>(), std::make_unique<MariadbServer>()};
}

LoadTask LoadTask::mysql() {
    return {std::make_unique<MysqlServer>(), std::make_unique<MysqlServer>()};
}

void LoadTask::check_arrived(MixedLoad& load, WorkerProcess& worker) {
    load.stop();
    CHECK(load.committed() > 0);
    check_arrived(worker);
}

void LoadTask::check_arrived(WorkerProcess& worker) {
    worker.wait_for_checkpoint(source->binlog_end(), std::chrono::minutes(5));
    const auto outcome = worker.stop();
    INFO(outcome.output);
    CHECK(outcome.status.text() == "exit code 0");

    CHECK(differences() == "");

    const auto history = read_position_history(worker.log_folder());
    CHECK(history.faults == std::vector<std::string>{});
    CHECK(history.moves > 0);
}

void LoadTask::run_to_end() {
    WorkerProcess worker(ini, folder.path());
    wait_until_streaming(worker);
    wait_for_target_checkpoint(worker);
    const auto outcome = worker.stop();
    INFO(outcome.output);
    CHECK(outcome.status.text() == "exit code 0");
}

std::string LoadTask::target_checkpoint() {
    return target->scalar("SELECT position_data FROM dts_metadata.task_position");
}

void LoadTask::wait_for_target_checkpoint(WorkerProcess& worker) {
    const auto end = source->binlog_end();
    wait_for_sql(*target,
                 fmt::format("SELECT COUNT(*) FROM dts_metadata.task_position WHERE "
                             "JSON_VALUE(position_data, '$.binlog_filename') = '{}' AND "
                             "JSON_VALUE(position_data, '$.next_event_position') + 0 >= {}",
                             end.file, end.position),
                 &worker);
}

void LoadTask::wait_until_streaming(WorkerProcess& worker) {
    worker.wait_for_line("MysqlCdcExtractor starts");
}

std::string LoadTask::differences() {
    auto left = source->connect();
    auto right = target->connect();
    return compare_databases(left, right, load_database);
}

}  // namespace dts::test
