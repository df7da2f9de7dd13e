// The task that copies the mixed load, and the check at the end of each test with it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "test/fault/mixed_load.hpp"
#include "test/servers/database_server.hpp"
#include "test/servers/temp_folder.hpp"
#include "test/servers/worker_process.hpp"

namespace dts::test {

/// Source and target with empty load tables, a folder for the worker, and the ini of its task,
/// which starts at the source's end of now: all of the load's changes go through the worker.
struct LoadTask {
    LoadTask(std::unique_ptr<DatabaseServer> source, std::unique_ptr<DatabaseServer> target);
    static LoadTask mariadb();
    static LoadTask mysql();

    std::unique_ptr<DatabaseServer> source;
    std::unique_ptr<DatabaseServer> target;
    TaskIni ini;
    TempFolder folder{"fault"};

    std::filesystem::path log_folder() const { return folder / "task"; }
    /// The end of the source's log of now.
    BinlogEnd source_end() { return source->binlog_end(); }
    /// Ends the load, waits until the worker has applied all of it, and stops the worker. Then
    /// checks (Catch2): exit code 0, the same rows on both sides, a position.log that never went
    /// back.
    void check_arrived(MixedLoad& load, WorkerProcess& worker);
    /// The same without a load.
    void check_arrived(WorkerProcess& worker);
    /// Starts a worker, waits until the target has all that the source has now, and stops it
    /// (Catch2: exit code 0).
    void run_to_end();

    /// The task's checkpoint as the target holds it; empty for none.
    std::string target_checkpoint();
    /// Returns once it is at the source's end of now: what position.log says may be of another
    /// target.
    void wait_for_target_checkpoint(WorkerProcess& worker);
    /// Waits for the worker's next "MysqlCdcExtractor starts".
    static void wait_until_streaming(WorkerProcess& worker);
    /// Compares all load tables; empty when they are equal.
    std::string differences();
};

}  // namespace dts::test
