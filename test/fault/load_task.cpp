#include "test/fault/load_task.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

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
    create_load_tables(*source);
    create_load_tables(*target);
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

    auto left = source->connect();
    auto right = target->connect();
    CHECK(compare_databases(left, right, load_database) == "");

    const auto history = read_position_history(worker.log_folder());
    CHECK(history.faults == std::vector<std::string>{});
    CHECK(history.moves > 0);
}

std::string LoadTask::target_checkpoint() {
    return target->scalar("SELECT position_data FROM dts_metadata.task_position");
}

}  // namespace dts::test
