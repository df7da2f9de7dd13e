// The task that copies the mixed load from one kind of database to the other, and the checks with
// it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "test/fault/mixed_load.hpp"
#include "test/servers/database_server.hpp"
#include "test/servers/postgres_server.hpp"
#include "test/servers/task_ini.hpp"
#include "test/servers/temp_folder.hpp"
#include "test/servers/worker_process.hpp"

namespace dts::test {

enum class CrossWay : std::uint8_t { mariadb_to_postgres, postgres_to_mariadb };

struct CrossLoadTask {
    explicit CrossLoadTask(CrossWay way);

    CrossWay way;
    std::unique_ptr<DatabaseServer> mariadb;
    std::unique_ptr<PostgresServer> postgres;
    TaskIni ini;
    TempFolder folder{"fault"};

    SqlServer& source() const;
    SqlServer& target() const;
    /// As LoadTask's.
    void check_arrived(MixedLoad& load, WorkerProcess& worker);
    /// Of each load table, as text that both kinds of server print alike; empty when they are
    /// equal.
    std::string differences() const;
};

}  // namespace dts::test
