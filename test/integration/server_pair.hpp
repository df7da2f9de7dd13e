// A source and a target with a folder for the workers between them, as most tests of whole tasks
// need them.
#pragma once

#include "test/servers/compare_tables.hpp"
#include "test/servers/mariadb_server.hpp"
#include "test/servers/task_ini.hpp"
#include "test/servers/temp_folder.hpp"
#include "test/servers/worker_process.hpp"

namespace dts::test {

template <typename Source, typename Target>
struct ServerPair {
    explicit ServerPair(const ServerOptions& options = {}) : source(options), target(options) {}

    TempFolder folder{"task"};
    Source source;
    Target target;

    void run_on_both(std::string_view sql) { source.run(sql), target.run(sql); }

    /// A task over the database d.
    TaskIni ini() const { return TaskIni::mysql_cdc(source, target, "d"); }
    std::filesystem::path log_folder() const { return folder / "task"; }

    /// Empty when the tables of d are equal.
    std::string differences() const {
        auto left = source.connect();
        auto right = target.connect();
        return compare_databases(left, right, "d");
    }
};

using MariadbPair = ServerPair<MariadbServer, MariadbServer>;

}  // namespace dts::test
