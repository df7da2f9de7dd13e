// What a thread is doing, for somebody who watches whether it gets on. A thread that is watched
// says where it waits; whatever it does else is work of our own, which must come to an end soon.
//
// The thread alone writes; any thread may look. Costs a store to memory of the thread's own.
#pragma once

#include <atomic>
#include <cstdint>

namespace dts {

enum class Doing : std::uint8_t {
    working,     ///< our own code
    outside,     ///< waits for a server or a disk, which have time-outs of their own, or before it
                 ///< tries again
    for_input,   ///< waits for what the thread before it hands on
    for_output,  ///< waits for the thread behind it to take what it has
    gone,        ///< there is no such thread, or it only waits for the others to end
};

class Activity {
  public:
    /// As it was at one moment. Two that are equal: the thread has come to nothing new between.
    struct Seen {
        std::uint64_t steps = 0;
        Doing doing = Doing::gone;
        bool operator==(const Seen&) const = default;
    };
    Seen look() const noexcept {
        const std::uint64_t word = word_.load(std::memory_order_relaxed);
        return {word >> 3, static_cast<Doing>(word & 7)};
    }

    /// By the thread itself: it now does this, and has come a step on.
    void set(Doing doing) noexcept {
        const std::uint64_t steps = word_.load(std::memory_order_relaxed) >> 3;
        word_.store((steps + 1) << 3 | static_cast<std::uint64_t>(doing),
                    std::memory_order_relaxed);
    }

  private:
    std::atomic<std::uint64_t> word_{static_cast<std::uint64_t>(Doing::gone)};
};

/// The calling thread is watched as `activity` while this lives; afterwards as it was before.
class Watched {
  public:
    explicit Watched(Activity& activity) noexcept;
    ~Watched();
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;

  private:
    Activity* const outer_;
    Activity& activity_;
    const Doing before_;
};

/// The calling thread, if it is watched, is doing this while this lives. May be nested.
class While {
  public:
    explicit While(Doing doing) noexcept;
    ~While();
    While(const While&) = delete;
    While& operator=(const While&) = delete;

  private:
    Activity* const activity_;
    Doing before_ = Doing::gone;
};

/// The calling thread, if it is watched, has come on: for work that never waits.
void note_step() noexcept;

}  // namespace dts
