#include "lib/source/mysql/binlog_cursor.hpp"

#include <fmt/format.h>

#include "lib/base/crc32.hpp"
#include "lib/base/error.hpp"

namespace dts {

namespace {

constexpr std::size_t checksum_bytes = 4;

/// The event's last four bytes are the CRC-32 of those before.
bool checksum_fits(Bytes raw) {
    if (raw.size() < EventHeader::bytes + checksum_bytes) return false;
    const Bytes covered = raw.first(raw.size() - checksum_bytes);
    return ByteReader(raw.last(checksum_bytes)).u32() == crc32_of(covered);
}

}  // namespace

void BinlogCursor::start(std::string_view file, std::uint64_t offset) {
    file_ = std::make_shared<const std::string>(file);
    offset_ = offset;
    format_.has_checksums = true;  // asked for, until a format description says otherwise
}

BinlogEvent BinlogCursor::read(Bytes raw) {
    BinlogEvent event;
    event.header = parse_event_header(raw);
    if (event.header.length != raw.size())
        throw Error(ErrorKind::data, fmt::format("an event of {} bytes says it has {}", raw.size(),
                                                 event.header.length));
    event.body = without_checksum(event.header, raw).subspan(EventHeader::bytes);
    move(event, raw);
    return event;
}

BinlogEvent BinlogCursor::read_embedded(Bytes raw) const {
    BinlogEvent event;
    event.header = parse_event_header(raw);
    event.body = raw.subspan(EventHeader::bytes);
    event.file = &file_;
    event.begin = outer_begin_;
    event.end = offset_;
    return event;
}

Bytes BinlogCursor::without_checksum(const EventHeader& header, Bytes raw) const {
    if (header.type == EventType::format_description) return raw;  // parsed with all it has
    if (header.is_artificial() && header.type == EventType::rotate) {
        // Between two files the servers do not agree on which one's setting counts: look.
        return checksum_fits(raw) ? raw.first(raw.size() - checksum_bytes) : raw;
    }
    if (!format_.has_checksums) return raw;
    if (!checksum_fits(raw))
        throw Error(ErrorKind::data,
                    fmt::format("the event at {}:{} does not fit its checksum", *file_, offset_),
                    "it was damaged on the way or in the source's binlog file; mysqlbinlog "
                    "--verify-binlog-checksum at the source tells which");
    return raw.first(raw.size() - checksum_bytes);
}

void BinlogCursor::move(BinlogEvent& event, Bytes raw) {
    const EventHeader& header = event.header;
    event.begin = offset_;
    switch (header.type) {
        case EventType::rotate:
            rotate(event);
            break;
        case EventType::format_description:
            format_ = parse_format_description(raw);
            // In the middle of a file it is sent once more, and says 0 then.
            if (header.next_position != 0 && !header.is_artificial())
                offset_ = std::max(offset_, widen(header.next_position));
            break;
        case EventType::heartbeat:
        case EventType::heartbeat_v2: {
            const HeartbeatEvent heartbeat = parse_heartbeat(header, event.body);
            if (heartbeat.file != *file_) break;
            const std::uint64_t position =
                heartbeat.wraps ? widen(static_cast<std::uint32_t>(heartbeat.position))
                                : heartbeat.position;
            offset_ = std::max(offset_, position);
            break;
        }
        default:
            if (header.is_artificial()) break;
            // Events that were not sent lie between; 0 is a true position at a multiple of 4 GiB.
            offset_ =
                header.next_position == 0 ? offset_ + header.length : widen(header.next_position);
            event.begin =
                std::max(event.begin, offset_ - std::min<std::uint64_t>(offset_, header.length));
            outer_begin_ = event.begin;
    }
    event.end = offset_;
    event.file = &file_;
}

void BinlogCursor::rotate(BinlogEvent& event) {
    const RotateEvent rotate = parse_rotate(event.body);
    if (rotate.file.empty() || rotate.file.size() > 512)
        throw Error(ErrorKind::data, "a ROTATE event without a file name");
    if (rotate.file != *file_) {
        file_ = std::make_shared<const std::string>(rotate.file);
        offset_ = rotate.position;
    }
    event.begin = offset_;
}

/// The next position with those low 32 bits: events are smaller than 4 GiB, so the high part grows
/// by one at most.
std::uint64_t BinlogCursor::widen(std::uint32_t low) const noexcept {
    constexpr std::uint64_t range = std::uint64_t{1} << 32;
    const std::uint64_t near = (offset_ & ~(range - 1)) | low;
    return near < offset_ ? near + range : near;
}

}  // namespace dts
