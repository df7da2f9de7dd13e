// What a running task can say of itself: counters that its threads add to and the monitor reads,
// and what each of its threads is doing. All members are atomic; sums since the task's start.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "lib/base/activity.hpp"

namespace dts {

/// How long groups took from being ready to being durable in the target: counts[i] are those of at
/// most bounds_ms[i] and more than the bound before; the last one takes the rest.
struct ApplyLatency {
    static constexpr std::array<std::uint32_t, 11> bounds_ms = {1,   2,   5,    10,   25,   50,
                                                                100, 250, 1000, 5000, 30000};
    std::array<std::atomic<std::uint64_t>, bounds_ms.size() + 1> counts{};
    std::atomic<std::uint64_t> sum_us{0};

    void add(std::chrono::microseconds time) noexcept {
        std::size_t bucket = 0;
        while (bucket < bounds_ms.size() && time > std::chrono::milliseconds(bounds_ms[bucket])) {
            ++bucket;
        }
        ++counts[bucket];
        sum_us += static_cast<std::uint64_t>(time.count());
    }
};

struct Progress {
    std::atomic<std::uint64_t> extracted_changes{0};
    std::atomic<std::uint64_t> extracted_bytes{0};
    std::atomic<std::uint64_t> extracted_transactions{0};
    std::atomic<std::uint64_t> applied_changes{0};
    std::atomic<std::uint64_t> applied_bytes{0};
    std::atomic<std::uint64_t> applied_groups{0};        ///< parts of large transactions included
    std::atomic<std::uint64_t> applied_transactions{0};  ///< of the target
    std::atomic<std::uint64_t> queue_bytes{0};
    ApplyLatency apply_latency;
    /// The source's commit time of the oldest change that was read and is not applied; 0: there is
    /// none.
    std::atomic<std::int64_t> oldest_unapplied_us{0};
    /// When the task last knew that it had everything the source had; 0: never.
    std::atomic<std::int64_t> caught_up_at_us{0};

    Activity reader;
    Activity encoder;
    Activity writer;  ///< the task's own thread: outside of the pipeline, too

    /// What one thread has put into the queue to the next, and what that has taken out.
    struct Handed {
        std::atomic<std::uint64_t> on{0};
        std::atomic<std::uint64_t> taken{0};
    };
    Handed batches;  ///< reader to encoder, since the pipeline began
    Handed groups;   ///< encoder to writer
};

}  // namespace dts
