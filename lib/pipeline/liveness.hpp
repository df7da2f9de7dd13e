// Tells whether the threads of a task get on, by looking at them from time to time.
//
// A task is alive while none of its threads has been in our own code since the last look without
// coming a step on, none waits for something that is there, and no two that stand next to each
// other wait for each other. So it may wait for a server, a disk or its next try for as long as
// those take, and the others for it; a thread that hangs or spins in our own code is found, and so
// are two that wait for each other.
#pragma once

#include <array>

#include "lib/pipeline/progress.hpp"

namespace dts {

class Liveness {
  public:
    /// False when the task has not come on since the last look and should have. One thread.
    bool look(const Progress& progress) noexcept;

  private:
    std::array<Activity::Seen, 3> before_{};
    std::array<std::uint64_t, 3> offered_before_{};  ///< to each, by the one before it
};

}  // namespace dts
