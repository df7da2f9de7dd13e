// Messages with ids that the journal's catalog explains (systemd/dts.catalog): `journalctl -x`
// shows its words, `journalctl MESSAGE_ID=...` finds them. Where no journal listens, nothing
// happens.
#pragma once

#include <string>
#include <string_view>

#include "daemon/supervisor/task_view.hpp"

namespace dts {

/// The same ids stand in systemd/dts.catalog.
struct JournalId {
    std::string_view hex;
};
inline constexpr JournalId journal_task_failed{"24a1748cc137474fb0ac1e3eb4f0c35e"};
inline constexpr JournalId journal_task_gap{"2659b1952b994ed0863efa4feff3ef70"};
inline constexpr JournalId journal_task_watchdog{"f82c88e0386f4177bbddfed3ff70299a"};
inline constexpr JournalId journal_task_retrying{"d80ec2e302354fa19c266880ec21d3a5"};

enum class JournalPriority { error = 3, warning = 4, notice = 5 };

/// Is standard error the journal? Then what is written there needs no time, and what has an id is
/// better sent by journal() than written.
bool stderr_is_journal() noexcept;

/// Any thread. DTS_TASK= is the task's name.
void journal(JournalId id, JournalPriority priority, const std::string& task,
             const std::string& message) noexcept;

/// What a task came to, where the catalog has words for it: failed, gap, retrying, and a worker
/// that the watchdog ended. False for other states.
bool journal_state(const std::string& task, const TaskView& view);

}  // namespace dts
