#include "lib/source/mysql/event_skip.hpp"

#include <fmt/format.h>

#include "lib/base/error.hpp"
#include "lib/source/mysql/dump_error.hpp"

namespace dts {

bool EventSkip::passes_over(const BinlogEvent& event) {
    if (until_ == 0) return false;
    const bool same_file = **event.file == file_;
    if (same_file) reached_ = std::max(reached_, event.end);
    const bool stands_in_file = event.end > event.begin;
    if (same_file && (event.begin < until_ || !stands_in_file)) {
        // A heartbeat says how far the server is, not where an event begins.
        return true;
    }
    // A file that ends at the offset is followed by the next one.
    const bool fits = same_file ? event.begin == until_ : reached_ == until_;
    if (!fits)
        throw Error(
            ErrorKind::gap,
            fmt::format("the source's binlog has no event that begins at {}:{}", file_, until_),
            gap_hint);
    until_ = 0;
    return false;
}

}  // namespace dts
