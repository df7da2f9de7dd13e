#include "lib/pipeline/liveness.hpp"

#include <cstddef>
#include <utility>

namespace dts {

bool Liveness::look(const Progress& progress) noexcept {
    // In the order in which the data passes them.
    const std::array<Activity::Seen, 3> now = {progress.reader.look(), progress.encoder.look(),
                                               progress.writer.look()};
    const std::array<Activity::Seen, 3> before = std::exchange(before_, now);
    const std::array<std::uint64_t, 3> offered_before =
        std::exchange(offered_before_, {0, progress.batches.on, progress.groups.on});
    const std::array<std::uint64_t, 3> taken = {0, progress.batches.taken, progress.groups.taken};
    const auto hangs = [&](std::size_t i) { return now[i] == before[i]; };
    for (std::size_t i = 0; i < now.size(); ++i) {
        if (now[i].doing == Doing::working && hangs(i)) return false;
        if (i == 0 || !hangs(i)) continue;
        const Doing front = now[i - 1].doing;
        const Doing back = now[i].doing;
        const bool back_takes = back == Doing::for_input;
        if (back_takes && offered_before[i] > taken[i]) return false;
        if (!hangs(i - 1)) continue;
        const bool front_gives = front == Doing::for_output;
        if (back_takes && (front_gives || front == Doing::gone)) return false;
        if (front_gives && back == Doing::gone) return false;
    }
    return true;
}

}  // namespace dts
