// A dump command has 32 bits for an offset: of a file that is read on behind its first 4 GiB the
// server sends everything from the start. What was read before is passed over here. One thread.
#pragma once

#include "lib/source/mysql/binlog_cursor.hpp"

namespace dts {

class EventSkip {
  public:
    /// Events of this file are passed over up to the offset; 0 for none.
    void start(std::string file, std::uint64_t until) {
        file_ = std::move(file);
        until_ = until;
        reached_ = 0;
    }

    /// Whether the event is to be passed over: everything is, ROTATEs and heartbeats too, until
    /// one begins at the offset; from then on nothing. Throws Error{gap} when none can any more.
    bool passes_over(const BinlogEvent& event);

    /// Whether the event lies in the part that is passed over; asked before passes_over().
    bool is_before(const BinlogEvent& event) const noexcept { return event.begin < until_; }

  private:
    std::string file_;
    std::uint64_t until_ = 0;
    std::uint64_t reached_ = 0;  ///< the end of the last event that was passed over
};

}  // namespace dts
