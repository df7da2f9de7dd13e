// What a worker tells systemd while it runs: that its task streams, in a line what it does, and
// that it is alive. Without systemd nothing happens. One thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "lib/control/worker_status.hpp"

namespace dts {

class ServiceNotes {
  public:
    using Clock = std::chrono::steady_clock;

    ServiceNotes();

    /// How often tick() wants to be called.
    std::chrono::microseconds tick_interval() const;

    /// The task has come into a state. READY with the first that streams.
    void state(TaskState state);

    /// The clock has moved on. What systemd had no room for before is sent again. WATCHDOG when the
    /// task is alive; when it is, and not ready yet, it is given more time to start. `status` is
    /// asked at most once a second.
    void tick(bool is_alive, const std::function<WorkerStatus()>& status,
              Clock::time_point now = Clock::now());

    /// STATUS, where the line is another than before.
    void tell(const WorkerStatus& status, Clock::time_point now = Clock::now());

  private:
    const std::optional<std::chrono::microseconds> watchdog_;
    bool is_ready_ = false;
    bool has_said_ready_ = false;
    std::string line_;
    std::optional<Clock::time_point> told_at_;
    std::optional<Clock::time_point> pinged_at_;
    std::optional<Clock::time_point> extended_at_;
};

}  // namespace dts
