#include "daemon/folder/start_record.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "daemon/folder/task_name.hpp"
#include "lib/base/durable_file.hpp"

namespace dts {

// A line each: fingerprint, "stopped" or "runs", name.
StartRecord read_start_record(const std::filesystem::path& file) {
    StartRecord record;
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string fingerprint, state, task;
        words >> fingerprint >> state >> task;
        if (!is_task_name(task) || (state != "stopped" && state != "runs")) continue;
        record.tasks[task] = {fingerprint == "-" ? "" : fingerprint, state == "stopped"};
    }
    return record;
}

void write_start_record(const std::filesystem::path& file, const StartRecord& record) {
    std::string text;
    for (const auto& [name, task] : record.tasks) {
        text += fmt::format("{} {} {}\n", task.fingerprint.empty() ? "-" : task.fingerprint,
                            task.stopped ? "stopped" : "runs", name);
    }
    const mode_t before = ::umask(0077);
    try {
        replace_file(file, text);
    } catch (...) {
        ::umask(before);
        throw;
    }
    ::umask(before);
}

}  // namespace dts
