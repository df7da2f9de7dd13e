// Two tasks that would get into each other's way: one folder of logs, one server_id on one source
// (the server throws one of the two out, again and again), one replication slot, one checkpoint in
// one target. The one that is there first keeps its place, the other one is refused by name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "lib/config/ini.hpp"
#include "lib/config/task_config.hpp"

namespace dts {

/// What a task takes for itself alone.
struct TaskClaims {
    std::string task;
    std::string log_directory;    ///< where it is, links followed
    std::string written_log_dir;  ///< [runtime] log_dir of its own ini, when it is absolute
    std::string source;           ///< host:port, in one spelling
    std::uint32_t server_id = 0;  ///< 0: none
    std::string slot;             ///< "": none
    std::string target;           ///< host:port; "" where the target is no database
    std::string task_id;          ///< under which the target holds its checkpoint
};

/// `ini` is the task's own, without the defaults.
TaskClaims claims_of(const TaskConfig& config, const IniFile& ini,
                     const std::filesystem::path& log_directory);

/// Takes the claims in order, each unless it meets one that was taken before. The refused tasks,
/// with what to tell about it: it names both. Claims of one name do not meet each other.
std::map<std::string, std::string> find_conflicts(const std::vector<TaskClaims>& claims);

}  // namespace dts
