// What can be known of the tasks without the daemon: their inis, their log directories, and the
// status sockets of workers that run all the same.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/supervisor/task_view.hpp"
#include "daemon/units/backend_factory.hpp"

namespace dts {

/// In the order of their names. Throws Error{config} when the folder cannot be read.
std::vector<TaskView> read_offline_tasks(const DaemonPlaces& places);
/// Also of one whose ini cannot be read; nothing when there is neither ini nor log directory.
std::optional<TaskView> read_offline_task(const DaemonPlaces& places, const std::string& name);

/// The JSON of the last checkpoint in a log directory; "" when there is none. Throws Error when it
/// cannot be read.
std::string last_checkpoint_of(const std::filesystem::path& log_directory);

/// What the end of default.log says of how the last run ended.
struct LastEnd {
    TaskState state = TaskState::stopped;
    std::string reason;
    std::int64_t at_us = 0;  ///< 0: the log does not say
};
LastEnd last_end_of(const std::filesystem::path& log_directory);

}  // namespace dts
