// The task that copies the mixed load between two Postgres, and the checks with it. Of the same
// form as LoadTask, for the tests that both go through.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "test/fault/mixed_load.hpp"
#include "test/servers/postgres_server.hpp"
#include "test/servers/task_ini.hpp"
#include "test/servers/temp_folder.hpp"
#include "test/servers/worker_process.hpp"

namespace dts::test {

struct PostgresLoadTask {
    PostgresLoadTask();

    static constexpr const char* slot = "dts_test";

    std::unique_ptr<PostgresServer> source;
    std::unique_ptr<PostgresServer> target;
    TaskIni ini;
    TempFolder folder{"fault"};

    std::filesystem::path log_folder() const { return folder / "task"; }
    std::string source_end() { return source->wal_end(); }
    /// As LoadTask's.
    void check_arrived(MixedLoad& load, WorkerProcess& worker);
    void check_arrived(WorkerProcess& worker);
    static void wait_until_streaming(WorkerProcess& worker);
    std::string target_checkpoint();
    std::string differences();

    /// The server has not forgotten anything that the target's checkpoint does not cover: the slot
    /// stands at or before it. Empty when that is so.
    std::string slot_fault();
};

}  // namespace dts::test
