// What a task says of itself, gathered from its threads: its state and why, its last error, what is
// recorded. Any thread; the lock is never held while anything is waited for.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "lib/control/worker_status.hpp"
#include "lib/position/position.hpp"

namespace dts {

/// Of every change of a task's state. Called by the thread that changes it, outside of any lock.
using OnTaskState = std::function<void(TaskState state, const std::string& reason)>;

class StatusBoard {
  public:
    explicit StatusBoard(OnTaskState on_change);

    /// The task is in this state now. Nothing changes where it is already, for the same reason.
    void enter(TaskState state, const std::string& reason = {});

    /// While it streams: does it have all that the source has? Ignored in other states.
    void streams(bool has_all);

    /// It waits before it tries again, because of this.
    void retries(const std::string& error);

    /// It cannot go on.
    void ends(TaskState state, const std::string& error);

    /// The pair is durable in position.log.
    void recorded(PositionPtr current, PositionPtr checkpoint);

    TaskState state() const;

    /// Fills in all of the above.
    void fill(WorkerStatus& status) const;

  private:
    struct Facts {
        TaskState state = TaskState::starting;
        std::string reason;
        std::int64_t since_us = 0;
        std::uint64_t retries = 0;
        std::string last_error;
        std::int64_t last_error_us = 0;
        PositionPtr current;
        PositionPtr checkpoint;
        std::int64_t recorded_us = 0;
    };

    const OnTaskState on_change_;
    mutable std::mutex mutex_;
    Facts facts_;
};

}  // namespace dts
