// How long to wait before the next try: doubles from a first delay up to a cap, with jitter so that
// tasks that failed together do not come back together. One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>

namespace dts {

class Backoff {
  public:
    using Milliseconds = std::chrono::milliseconds;

    /// Delays lie between half and the whole of first, 2*first, 4*first, ... up to cap. Costs
    /// nothing before the first of them.
    Backoff(Milliseconds first, Milliseconds cap);

    /// The delay before the next try; the one after it will be longer.
    Milliseconds next_delay();

    /// Waits for the next delay; false, and at once, when a stop is requested.
    bool wait(const std::stop_token& stop);

    /// After a success: the next delay is the first one again.
    void reset() noexcept { delay_ = first_; }

  private:
    const Milliseconds first_;
    const Milliseconds cap_;
    Milliseconds delay_;
    std::optional<std::uint64_t> random_;  ///< seeded when it is needed: that asks the processor
};

}  // namespace dts
