// When a reader may leave its socket alone for a moment, and for how long. A server that sends many
// small messages to a reader that takes each at once works for the waking and the acknowledging as
// much as for the messages; a reader that comes back a little later takes them all in one bite. So:
// under a load that has lasted for a while there are pauses, the shorter the more comes, since what
// comes in a pause has to fit into the buffers between the two. An idle stream and one that begins
// to flow are read at once.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace dts {

class ReadPace {
  public:
    using Clock = std::chrono::steady_clock;

    static constexpr std::chrono::milliseconds longest_pause{20};
    /// As many bytes in the longest pause's time are a load.
    static constexpr std::size_t load_bytes = 48 * 1024;
    /// As many may come in a pause: the buffers of a server on this machine hold over a megabyte.
    static constexpr std::size_t bite_bytes = 640 * 1024;
    /// So many of the longest pause's times under load come before the first pause.
    static constexpr unsigned patience = 3;

    /// After each look at the socket: what it brought.
    void has_read(std::size_t bytes, Clock::time_point now) noexcept {
        bytes_ += bytes;
        const auto time = now - since_;
        if (time < longest_pause) return;
        // What came in the longest pause's time.
        const auto rate =
            static_cast<double>(bytes_) / (std::chrono::duration<double>(time) / longest_pause);
        loads_ = rate >= double{load_bytes} ? loads_ + 1 : 0;
        pause_ = std::chrono::milliseconds(static_cast<long>(
            static_cast<double>(longest_pause.count()) * std::min(1.0, bite_bytes / rate)));
        bytes_ = 0;
        since_ = now;
    }
    /// How long to leave the socket alone; 0: read at once.
    std::chrono::milliseconds pause() const noexcept {
        return loads_ >= patience ? pause_ : std::chrono::milliseconds(0);
    }
    void start() noexcept { *this = {}; }

  private:
    Clock::time_point since_{};
    std::uint64_t bytes_ = 0;
    unsigned loads_ = 0;
    std::chrono::milliseconds pause_{0};
};

}  // namespace dts
