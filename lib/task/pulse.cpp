#include "lib/task/pulse.hpp"

namespace dts {

void Pulse::look(const Progress& progress, bool is_idle, Clock::time_point now) noexcept {
    constexpr std::chrono::seconds longest_without_idling{2};
    constexpr unsigned most_looks_at_work = 1;

    is_alive_ = liveness_.look(progress);

    const bool is_at_work = progress.oldest_unapplied_us != 0;
    looks_at_work_ = is_at_work ? looks_at_work_ + 1 : 0;
    if (is_idle && !is_at_work) {
        has_all_ = true;
        idle_at_ = now;
    } else if (looks_at_work_ > most_looks_at_work || now - idle_at_ >= longest_without_idling) {
        has_all_ = false;
    }

    measure(progress, now);
}

void Pulse::measure(const Progress& progress, Clock::time_point now) noexcept {
    constexpr std::chrono::duration<double> least{0.9};
    const std::chrono::duration<double> time = now - measured_at_;
    if (time < least) return;
    const std::uint64_t extracted = progress.extracted_changes;
    const std::uint64_t applied = progress.applied_changes;
    // Before the first look nothing is known of when the changes came.
    if (measured_at_ != Clock::time_point{}) {
        rates_.extracted_per_second =
            static_cast<double>(extracted - extracted_before_) / time.count();
        rates_.applied_per_second = static_cast<double>(applied - applied_before_) / time.count();
    }
    measured_at_ = now;
    extracted_before_ = extracted;
    applied_before_ = applied;
}

}  // namespace dts
