// What the daemon must still know when it is started again while workers run: which settings each
// was started with, and which tasks an operator has stopped. A small file in the daemon's runtime
// folder: it lasts as long as the machine runs, as the workers do.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace dts {

struct StartRecord {
    struct Task {
        std::string fingerprint;  ///< of the settings its worker was started with
        bool stopped = false;     ///< by an operator: not started until he says so

        bool operator==(const Task&) const = default;
    };
    std::map<std::string, Task> tasks;

    bool operator==(const StartRecord&) const = default;
};

/// An empty one when there is none, or none that can be read: workers are then judged by the times
/// of their files.
StartRecord read_start_record(const std::filesystem::path& file);

/// Mode 0600, whole or not at all. Throws Error{durability}.
void write_start_record(const std::filesystem::path& file, const StartRecord& record);

}  // namespace dts
