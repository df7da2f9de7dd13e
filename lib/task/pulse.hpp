// What changes by itself while a task runs, found out by looking from time to time: rates, whether
// the source has more, whether the task's threads get on.
#pragma once

#include <chrono>
#include <cstdint>

#include "lib/pipeline/liveness.hpp"

namespace dts {

class Pulse {
  public:
    using Clock = std::chrono::steady_clock;

    struct Rates {
        double extracted_per_second = 0;
        double applied_per_second = 0;
    };

    /// One look; about two a second are meant. `is_idle`: the source has nothing more to send.
    void look(const Progress& progress, bool is_idle,
              Clock::time_point now = Clock::now()) noexcept;

    /// Nothing is under way and the source has nothing more. A task that has been there once stays
    /// so until it is seen at work by two looks, or has not been idle for two seconds: else a
    /// source with a few transactions a second would make it come and go with each of them.
    bool has_all() const noexcept { return has_all_; }

    /// Over the last second or so.
    const Rates& rates() const noexcept { return rates_; }

    /// See Liveness, since the look before the last one.
    bool is_alive() const noexcept { return is_alive_; }

  private:
    void measure(const Progress& progress, Clock::time_point now) noexcept;

    Liveness liveness_;
    bool is_alive_ = true;

    bool has_all_ = false;
    unsigned looks_at_work_ = 0;
    Clock::time_point idle_at_{};

    Rates rates_;
    Clock::time_point measured_at_{};
    std::uint64_t extracted_before_ = 0;
    std::uint64_t applied_before_ = 0;
};

}  // namespace dts
