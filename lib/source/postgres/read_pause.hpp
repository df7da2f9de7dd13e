// How a reader leaves its socket alone for a moment (see read_pace.hpp for when).
//
// A server on another machine goes on sending until the window is full; poll() is told to say
// nothing before that. A server on this machine is different: the kernel receives in the server's
// own time, inside its send(), message by message. There the window is made so small that it is
// full at once: what follows is put into the server's send buffer, which is cheap, and comes over
// in the reader's time, in large pieces.
#pragma once

#include <chrono>

namespace dts {

class ReadPause {
  public:
    /// Makes a socket over which a stream begins ready for pauses.
    void prepare(int socket) noexcept;
    /// Waits for `time`, less where the sender can send no more. True when `wake` became readable.
    bool rest(int socket, int wake, std::chrono::milliseconds time) const noexcept;

  private:
    bool is_same_machine_ = false;
};

}  // namespace dts
