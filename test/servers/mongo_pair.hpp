// A MongoDB source and target with a folder for the workers between them. Where MONGO_TEST_URI and
// MONGO_TEST_TARGET_URI name replica sets, these are used, and the databases of the test dropped
// there first; else each is a stand-in (test/servers/mongo) of its own.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "test/servers/mongo_server.hpp"
#include "test/servers/mongo_site.hpp"
#include "test/servers/task_ini.hpp"
#include "test/servers/temp_folder.hpp"
#include "test/servers/worker_process.hpp"

namespace dts::test {

class MongoPair {
  public:
    MongoPair();

    TempFolder folder{"task"};
    std::unique_ptr<MongoServer> source_server, target_server;  ///< null: real ones
    std::unique_ptr<MongoSite> source, target;

    /// Anew: a connection to a server that was killed since fails once before it is made again.
    void connect();

    /// A task over the databases s and s2 that follows the `source` of the ini.
    TaskIni ini(std::string_view stream) const;
    std::filesystem::path log_folder() const { return folder / "task"; }

    /// Waits until all that the source has now is in the target.
    void arrive(WorkerProcess& worker,
                std::chrono::milliseconds timeout = std::chrono::seconds(120));
    /// And stops the worker; "exit code 0".
    std::string arrive_and_stop(WorkerProcess& worker);

  private:
    std::string source_uri_, target_uri_;
    int marks_ = 0;
};

}  // namespace dts::test
