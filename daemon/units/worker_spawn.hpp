// Starts one worker's process for the process backend: a process group of its own, nothing
// inherited but standard input (nothing), output and error (a file), and told to stop when the
// daemon dies.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/file_handle.hpp"

namespace dts {

struct WorkerCommand {
    std::vector<std::string> arguments;  ///< the program first, with its path
    std::filesystem::path output;        ///< standard output and error are appended to it
    /// Wins over the daemon's own environment.
    std::vector<std::pair<std::string, std::string>> environment;
    std::uint64_t most_open_files = 65536;  ///< or what the hard limit allows
};

struct SpawnedWorker {
    pid_t pid = 0;
    FileHandle pidfd;  ///< readable when it has ended
};

/// Returns when the program runs. Throws Error{config} when it cannot be executed, Error{transient}
/// when the system has no room for it.
SpawnedWorker spawn_worker(const WorkerCommand& command);

/// A process that may be another one's, told from a later one of the same number by its start.
struct ProcessMark {
    pid_t pid = 0;
    std::uint64_t started = 0;  ///< in the kernel's ticks

    bool operator==(const ProcessMark&) const = default;
};
/// Nothing when there is no such process.
std::optional<ProcessMark> mark_of(pid_t pid);

void write_mark(const std::filesystem::path& file, const ProcessMark& mark);
/// The process that a file names, when it still runs.
std::optional<ProcessMark> read_living_mark(const std::filesystem::path& file);

/// For a process that is not our child, too. Empty when it has ended.
FileHandle open_pidfd(pid_t pid) noexcept;

}  // namespace dts
