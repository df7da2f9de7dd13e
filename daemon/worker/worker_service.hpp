// Runs one task as a service: signals stop it, a status socket and systemd are told of it, and the
// watchdog is fed while the task's threads get on.
#pragma once

#include <filesystem>
#include <optional>

#include "lib/config/task_config.hpp"

namespace dts {

/// Until the task ends, or SIGTERM or SIGINT stops it. Throws what ended it, after everybody who
/// listens has been told. Once in a process.
void run_service(TaskConfig config, const std::optional<std::filesystem::path>& status_socket);

}  // namespace dts
