// When a reader may leave its socket alone for a moment. A server that sends many small messages to
// a reader that takes each at once works for the waking and the acknowledging as much as for the
// messages; a reader that comes back a little later takes them all in one bite. So: under a load
// that has lasted for a while there are pauses. An idle stream, one that begins to flow, and a
// flood, whose bites are large by themselves, are read at once.
#pragma once

#include <chrono>
#include <cstdint>

namespace dts {

class ReadPace {
  public:
    using Clock = std::chrono::steady_clock;

    static constexpr std::chrono::milliseconds pause{20};
    /// As many bytes in a pause's time are a load, and as many a flood.
    static constexpr std::size_t load_bytes = 48 * 1024;
    static constexpr std::size_t flood_bytes = 640 * 1024;
    /// So many pauses' times under load come before the first pause.
    static constexpr unsigned patience = 3;

    /// After each look at the socket: what it brought.
    void has_read(std::size_t bytes, Clock::time_point now) noexcept {
        bytes_ += bytes;
        const auto time = now - since_;
        if (time < pause) return;
        const auto pauses = std::chrono::duration<double>(time) / pause;
        const auto rate = static_cast<double>(bytes_) / pauses;
        const bool is_load = rate >= double{load_bytes} && rate < double{flood_bytes};
        loads_ = is_load ? loads_ + 1 : 0;
        bytes_ = 0;
        since_ = now;
    }
    bool may_pause() const noexcept { return loads_ >= patience; }
    void start() noexcept { *this = {}; }

  private:
    Clock::time_point since_{};
    std::uint64_t bytes_ = 0;
    unsigned loads_ = 0;
};

}  // namespace dts
