#include "lib/task/monitor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "lib/base/clock_text.hpp"

namespace dts {

double lag_seconds(const Progress& progress, bool caught_up, std::int64_t now_us) noexcept {
    const std::int64_t oldest = progress.oldest_unapplied_us;
    if (oldest == 0 && caught_up) return 0;
    const std::int64_t known = oldest != 0 ? oldest : progress.caught_up_at_us.load();
    if (known == 0) return -1;
    return std::max(0.0, static_cast<double>(now_us - known) / 1e6);
}

Monitor::Monitor(TaskLog& log, Progress& progress, std::function<bool()> is_caught_up,
                 std::chrono::seconds interval)
    : log_(log),
      progress_(progress),
      is_caught_up_(std::move(is_caught_up)),
      interval_(interval),
      last_extracted_(progress.extracted_changes),
      last_applied_(progress.applied_changes),
      last_time_(std::chrono::steady_clock::now()),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Monitor::~Monitor() {
    thread_.request_stop();
    thread_.join();
    write_line();
}

void Monitor::run(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
        wake.wait_for(lock, stop, interval_, [] { return false; });
        if (!stop.stop_requested()) write_line();
    }
}

void Monitor::write_line() {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::max(1e-3, std::chrono::duration<double>(now - last_time_).count());
    const std::uint64_t extracted = progress_.extracted_changes;
    const std::uint64_t applied = progress_.applied_changes;
    const std::int64_t wall_us = now_us();
    const bool caught_up = is_caught_up_();
    if (caught_up && progress_.oldest_unapplied_us == 0) progress_.caught_up_at_us = wall_us;
    log_.monitor(fmt::format(
        "extracted_changes={} extracted_bytes={} extracted_per_second={:.0f} applied_changes={} "
        "applied_bytes={} applied_per_second={:.0f} lag_seconds={:.3f} queue_bytes={}",
        extracted, progress_.extracted_bytes.load(),
        static_cast<double>(extracted - last_extracted_) / seconds, applied,
        progress_.applied_bytes.load(), static_cast<double>(applied - last_applied_) / seconds,
        lag_seconds(progress_, caught_up, wall_us), progress_.queue_bytes.load()));
    last_extracted_ = extracted;
    last_applied_ = applied;
    last_time_ = now;
}

}  // namespace dts
