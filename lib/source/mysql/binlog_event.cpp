#include "lib/source/mysql/binlog_event.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "lib/base/error.hpp"

namespace dts {

namespace {

/// An unsigned integer of MySQL's serialization library: the count of trailing one bits of the
/// first byte says how many bytes follow, the rest is the number.
std::uint64_t read_varlen(ByteReader& reader) {
    const std::uint8_t first = reader.u8();
    const int more = std::countr_one(first);
    const int bits = std::max(7 - more, 0);  // of the number, in the first byte
    std::uint64_t value = bits == 0 ? 0 : static_cast<std::uint64_t>(first >> (more + 1));
    for (int i = 0; i < more; ++i) value |= std::uint64_t{reader.u8()} << (bits + 8 * i);
    return value;
}

/// Signed: the lowest bit is the sign.
std::int64_t read_varlen_signed(ByteReader& reader) {
    const std::uint64_t raw = read_varlen(reader);
    const auto magnitude = static_cast<std::int64_t>(raw >> 1);
    return (raw & 1) != 0 ? ~magnitude : magnitude;
}

/// The commit time stands in 55 bits; the bit above them says that another time follows.
std::int64_t read_commit_time(ByteReader& reader) {
    constexpr std::uint64_t mask = (std::uint64_t{1} << 55) - 1;
    return static_cast<std::int64_t>(reader.unsigned_le<7>() & mask);
}

QueryEvent parse_query_tail(ByteReader& reader, std::uint32_t seconds, std::size_t schema_bytes,
                            std::uint16_t error_code, std::size_t status_bytes) {
    reader.skip(status_bytes);
    const auto schema = reader.text(schema_bytes);
    reader.skip(1);
    return {error_code, schema, reader.rest(), seconds};
}

}  // namespace

std::uint64_t read_packed(ByteReader& reader) {
    const std::uint8_t first = reader.u8();
    switch (first) {
        case 251:
            throw Error(ErrorKind::data, "a packed length is NULL");
        case 252:
            return reader.u16();
        case 253:
            return reader.u24();
        case 254:
            return reader.u64();
        case 255:
            throw Error(ErrorKind::data, "a packed length begins with 255");
        default:
            return first;
    }
}

EventHeader parse_event_header(Bytes event) {
    ByteReader reader(event);
    EventHeader header;
    header.timestamp = reader.u32();
    header.type = static_cast<EventType>(reader.u8());
    header.server_id = reader.u32();
    header.length = reader.u32();
    header.next_position = reader.u32();
    header.flags = reader.u16();
    return header;
}

FormatDescription parse_format_description(Bytes event) {
    constexpr std::size_t checksum_bytes = 4;
    ByteReader reader(event);
    reader.skip(EventHeader::bytes);
    FormatDescription format;
    format.binlog_version = reader.u16();
    reader.skip(50);  // the server's version as text
    format.created = reader.u32();
    if (format.binlog_version != 4 || reader.u8() != EventHeader::bytes)
        throw Error(ErrorKind::data, fmt::format("binlog version {} is not known, only 4 is",
                                                 format.binlog_version));
    if (reader.remaining() < checksum_bytes + 1)
        throw Error(ErrorKind::data, "the format description of the binlog is too short");
    const Bytes lengths = reader.take(reader.remaining() - checksum_bytes - 1);
    for (std::size_t i = 0; i < std::min<std::size_t>(lengths.size(), 255); ++i)
        format.post_header_bytes[i + 1] = std::to_integer<std::uint8_t>(lengths[i]);
    format.has_checksums = reader.u8() == 1;
    return format;
}

RotateEvent parse_rotate(Bytes body) {
    ByteReader reader(body);
    const std::uint64_t position = reader.u64();
    return {position, as_text(reader.rest())};
}

QueryEvent parse_query(Bytes body) {
    ByteReader reader(body);
    reader.skip(4);  // thread id
    const std::uint32_t seconds = reader.u32();
    const std::size_t schema_bytes = reader.u8();
    const std::uint16_t error_code = reader.u16();
    const std::size_t status_bytes = reader.u16();
    return parse_query_tail(reader, seconds, schema_bytes, error_code, status_bytes);
}

QueryEvent parse_execute_load_query(Bytes body) {
    ByteReader reader(body);
    reader.skip(4);
    const std::uint32_t seconds = reader.u32();
    const std::size_t schema_bytes = reader.u8();
    const std::uint16_t error_code = reader.u16();
    const std::size_t status_bytes = reader.u16();
    reader.skip(13);  // file id, where the file's name stands in the statement, duplicates
    return parse_query_tail(reader, seconds, schema_bytes, error_code, status_bytes);
}

MysqlGtidEvent parse_mysql_gtid(Bytes body) {
    ByteReader reader(body);
    reader.skip(1);  // flags
    MysqlGtidEvent event;
    const Bytes uuid = reader.take(event.uuid.size());
    std::memcpy(event.uuid.data(), uuid.data(), uuid.size());
    event.number = reader.u64();
    constexpr std::size_t logical_clock_bytes = 17;
    if (reader.remaining() < logical_clock_bytes + 7) return event;
    reader.skip(logical_clock_bytes);
    event.commit_time_us = read_commit_time(reader);
    return event;
}

MysqlGtidEvent parse_mysql_tagged_gtid(Bytes body) {
    enum Field : std::uint64_t { flags, uuid, number, tag, last_committed, sequence, commit_time };
    ByteReader reader(body);
    const auto version = read_varlen(reader);
    if (version != 1)
        throw Error(ErrorKind::data,
                    fmt::format("a tagged GTID event of version {}, only 1 is known", version));
    read_varlen(reader);  // size
    read_varlen(reader);  // last field that may not be ignored
    MysqlGtidEvent event;
    // Fields stand in the order of their ids; what is behind the commit time is not needed.
    while (!reader.empty()) {
        switch (read_varlen(reader)) {
            case flags:
                read_varlen(reader);
                break;
            case uuid:
                for (auto& byte : event.uuid) byte = static_cast<std::byte>(read_varlen(reader));
                break;
            case number:
                event.number = static_cast<std::uint64_t>(read_varlen_signed(reader));
                break;
            case tag:
                event.tag = reader.text(read_varlen(reader));
                break;
            case last_committed:
            case sequence:
                read_varlen_signed(reader);
                break;
            case commit_time:
                event.commit_time_us = static_cast<std::int64_t>(read_varlen(reader));
                return event;
            default:
                return event;
        }
    }
    return event;
}

MariadbGtidEvent parse_mariadb_gtid(Bytes body) {
    ByteReader reader(body);
    MariadbGtidEvent event;
    event.number = reader.u64();
    event.domain = reader.u32();
    event.flags = reader.u8();
    return event;
}

XaPrepareEvent parse_xa_prepare(Bytes body) {
    ByteReader reader(body);
    const bool one_phase = reader.u8() != 0;
    reader.skip(4);  // format id
    const std::size_t gtrid_bytes = reader.u32();
    const std::size_t bqual_bytes = reader.u32();
    return {one_phase, reader.text(gtrid_bytes + bqual_bytes)};
}

HeartbeatEvent parse_heartbeat(const EventHeader& header, Bytes body) {
    if (header.type == EventType::heartbeat) return {as_text(body), header.next_position, true};
    enum Field : std::uint64_t { end = 0, file = 1, position = 2 };
    HeartbeatEvent event{{}, 0, false};
    ByteReader reader(body);
    while (!reader.empty()) {
        const auto field = read_packed(reader);
        if (field == end) break;
        const Bytes value = reader.take(read_packed(reader));
        if (field == file) event.file = as_text(value);
        if (field == position) {
            ByteReader number(value);
            event.position = read_packed(number);
        }
    }
    return event;
}

std::string_view parse_incident(Bytes body) {
    ByteReader reader(body);
    reader.skip(2);
    const std::size_t length = reader.empty() ? 0 : reader.u8();
    return reader.text(length);
}

}  // namespace dts
