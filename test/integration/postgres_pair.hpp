// A Postgres source and target with a folder for the workers between them.
#pragma once

#include <fmt/format.h>

#include "test/servers/compare_tables.hpp"
#include "test/servers/postgres_server.hpp"
#include "test/servers/task_ini.hpp"
#include "test/servers/temp_folder.hpp"
#include "test/servers/worker_process.hpp"

namespace dts::test {

struct PostgresPair {
    using Release = PostgresServer::Release;
    explicit PostgresPair(const std::vector<std::string>& settings = {},
                          Release of_source = Release::debian, Release of_target = Release::debian)
        : source(settings, PostgresServer::Identity::shared, of_source),
          target(settings, PostgresServer::Identity::shared, of_target) {}

    TempFolder folder{"task"};
    PostgresServer source;
    PostgresServer target;

    void run_on_both(std::string_view sql) { source.run(sql), target.run(sql); }

    /// A task over the schema s, by the slot "dts_test".
    TaskIni ini() const { return TaskIni::postgres_cdc(source, target, "s"); }
    std::filesystem::path log_folder() const { return folder / "task"; }

    /// Empty when the tables of s are equal.
    std::string differences() const {
        auto left = source.connect();
        auto right = target.connect();
        return compare_schemas(left, right, "s");
    }

    /// Waits until all that the source has now is in the target, and stops the worker; its exit
    /// status.
    std::string arrive_and_stop(WorkerProcess& worker) {
        worker.wait_for_checkpoint(source.wal_end());
        const auto outcome = worker.stop();
        return outcome.status.code == 0 ? "exit code 0" : outcome.output;
    }

    /// Starts a worker, makes these changes at the source, each when the one before it is in the
    /// target, and stops it. Empty when the tables of s were equal after each, and it ended with 0.
    std::string follow(const TaskIni& task, const std::vector<std::string>& changes) {
        WorkerProcess worker(task, folder.path());
        worker.wait_for_line("PgCdcExtractor starts");
        for (const auto& change : changes) {
            source.run(change);
            worker.wait_for_checkpoint(source.wal_end());
            if (const auto found = differences(); !found.empty())
                return change.substr(0, 300) + ": " + found;
        }
        const auto outcome = worker.stop();
        return outcome.status.code == 0 ? "" : outcome.output;
    }
    std::string follow(const std::vector<std::string>& changes) { return follow(ini(), changes); }

    /// What the target has counted of a table, when the sessions that worked on it have ended: the
    /// counters are there then.
    std::string target_statistics(std::string_view counters, std::string_view table) {
        while (target.scalar("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client "
                             "backend' AND pid <> pg_backend_pid()") != "0") {
        }
        return target.scalar(fmt::format("SELECT {} FROM pg_stat_user_tables WHERE relname = '{}'",
                                         counters, table));
    }

    std::string target_checkpoint() {
        return target.scalar("SELECT position_data FROM dts_metadata.task_position");
    }
};

}  // namespace dts::test
