// Writes what a task is doing to monitor.log, once per interval, and tells its lag.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

#include "lib/pipeline/progress.hpp"
#include "lib/task/task_log.hpp"

namespace dts {

/// Seconds by which the target is behind the source. While something is under way: the age of the
/// oldest change that is not applied. Idle: 0 as long as the source says that it has nothing more,
/// else the time since it last did. -1 before anything is known.
double lag_seconds(const Progress& progress, bool caught_up, std::int64_t now_us) noexcept;

class Monitor {
  public:
    /// `is_caught_up` is called by the monitor's thread.
    Monitor(TaskLog& log, Progress& progress, std::function<bool()> is_caught_up,
            std::chrono::seconds interval);
    /// Writes a last line.
    ~Monitor();

  private:
    void run(const std::stop_token& stop);
    void write_line();

    TaskLog& log_;
    Progress& progress_;
    std::function<bool()> is_caught_up_;
    std::chrono::seconds interval_;
    std::uint64_t last_extracted_ = 0;
    std::uint64_t last_applied_ = 0;
    std::chrono::steady_clock::time_point last_time_;
    std::jthread thread_;
};

}  // namespace dts
