// Runs the workers as the daemon's own processes, where no systemd does: containers, laptops,
// tests. They end with the daemon, cleanly when it is stopped, and by a signal of the kernel
// (SIGTERM) when it is killed.
#pragma once

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/units/process_unit.hpp"
#include "daemon/units/unit_backend.hpp"

namespace dts {

struct ProcessBackendOptions {
    std::filesystem::path worker;                   ///< the program
    std::filesystem::path tasks_folder;             ///< TASK.ini is there
    std::optional<std::filesystem::path> defaults;  ///< --defaults, when it is a file then
    std::filesystem::path log_root;                 ///< log directories are LOG_ROOT/TASK
    std::filesystem::path runtime_root;             ///< runtime folders are RUNTIME_ROOT/TASK
    std::filesystem::path notify_socket;
    ProcessPolicy policy;
    std::function<void(const std::string&)> log;
};

std::unique_ptr<UnitBackend> make_process_backend(boost::asio::io_context& loop,
                                                  ProcessBackendOptions options);

}  // namespace dts
