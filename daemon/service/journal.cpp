#include "daemon/service/journal.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

// Else the macros of sd-journal name the file and line of this wrapper in every message.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

namespace dts {

bool stderr_is_journal() noexcept {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat status {};
    unsigned long device = 0;
    unsigned long inode = 0;
    return stream != nullptr && std::sscanf(stream, "%lu:%lu", &device, &inode) == 2 &&
           ::fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
           status.st_ino == inode;
}

void journal(JournalId id, JournalPriority priority, const std::string& task,
             const std::string& message) noexcept {
    sd_journal_send("MESSAGE=%s", message.c_str(), "MESSAGE_ID=%.*s",
                    static_cast<int>(id.hex.size()), id.hex.data(), "PRIORITY=%d",
                    static_cast<int>(priority), "DTS_TASK=%s", task.c_str(), nullptr);
}

bool journal_state(const std::string& task, const TaskView& view) {
    const auto say = [&](JournalId id, JournalPriority priority, std::string_view what) {
        std::string message = fmt::format("task {}: {}", task, what);
        if (!view.reason.empty()) message += ": " + view.reason;
        journal(id, priority, task, message);
        return true;
    };
    if (view.unit.active == UnitState::Active::restarting && view.unit.detail == "watchdog") {
        return say(journal_task_watchdog, JournalPriority::error, "did not answer and was killed");
    }
    switch (view.state) {
        case TaskState::failed:
            return say(journal_task_failed, JournalPriority::error, "failed");
        case TaskState::gap:
            return say(journal_task_gap, JournalPriority::error, "gap");
        case TaskState::retrying:
            return say(journal_task_retrying, JournalPriority::warning, "retrying");
        default:
            return false;
    }
}

}  // namespace dts
