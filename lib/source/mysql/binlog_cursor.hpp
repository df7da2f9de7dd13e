// Follows the events of a binlog as they arrive: checks them, and knows in which file and at which
// 64-bit offset each begins and ends (the events themselves say only the low 32 bits). No network.
#pragma once

#include <memory>
#include <string>

#include "lib/source/mysql/binlog_event.hpp"
#include "lib/source/mysql/commit_trail.hpp"

namespace dts {

/// One event, valid until the next is read; its bytes as long as the chunk they lie in.
struct BinlogEvent {
    EventHeader header;
    Bytes body;  ///< behind the header, without the checksum
    const std::shared_ptr<const std::string>* file = nullptr;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;  ///< where the next one begins; `begin` when it does not stand in a file

    FilePlace begin_place() const { return {*file, begin}; }
    FilePlace end_place() const { return {*file, end}; }
};

class BinlogCursor {
  public:
    /// The place of the event that will be read next. With an empty name the first ROTATE names it.
    void start(std::string_view file, std::uint64_t offset);

    /// Takes one event off the wire, checksum included. A ROTATE has moved the cursor when it is
    /// returned: its place is the new file's. Throws Error{data} when the event is damaged.
    BinlogEvent read(Bytes raw);

    /// Takes an event out of a compressed transaction: its place is that of the outer event, which
    /// was read last, and its bytes have no checksum.
    BinlogEvent read_embedded(Bytes raw) const;

    /// What describes the events of this file; nothing is known before it has come.
    const FormatDescription& format() const noexcept { return format_; }

  private:
    Bytes without_checksum(const EventHeader& header, Bytes raw) const;
    void move(BinlogEvent& event, Bytes raw);
    void rotate(BinlogEvent& event);
    std::uint64_t widen(std::uint32_t low) const noexcept;

    FormatDescription format_{
        .binlog_version = 0, .created = 0, .has_checksums = true, .post_header_bytes = {}};
    std::shared_ptr<const std::string> file_ = std::make_shared<const std::string>();
    std::uint64_t offset_ = 0;
    std::uint64_t outer_begin_ = 0;
};

}  // namespace dts
