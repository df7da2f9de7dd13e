// What a running task can say of itself: counters that its threads add to and the monitor reads.
// All members are atomic; sums since the task's start.
#pragma once

#include <atomic>
#include <cstdint>

namespace dts {

struct Progress {
    std::atomic<std::uint64_t> extracted_changes{0};
    std::atomic<std::uint64_t> extracted_bytes{0};
    std::atomic<std::uint64_t> extracted_transactions{0};
    std::atomic<std::uint64_t> applied_changes{0};
    std::atomic<std::uint64_t> applied_bytes{0};
    std::atomic<std::uint64_t> applied_groups{0};        ///< parts of large transactions included
    std::atomic<std::uint64_t> applied_transactions{0};  ///< of the target
    std::atomic<std::uint64_t> queue_bytes{0};
    /// The source's commit time of the oldest change that was read and is not applied; 0: there is
    /// none.
    std::atomic<std::int64_t> oldest_unapplied_us{0};
    /// When the task last knew that it had everything the source had; 0: never.
    std::atomic<std::int64_t> caught_up_at_us{0};
};

}  // namespace dts
