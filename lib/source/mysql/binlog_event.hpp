// The events of a MySQL or MariaDB binlog: their header, and the small ones as plain structs.
// Formats: the MySQL source documentation, "Binary Log Event", and the MariaDB knowledge base,
// "Replication Protocol". Parsing throws Error{data} on bytes that are short or make no sense;
// views point into the event.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "lib/base/byte_reader.hpp"

namespace dts {

enum class EventType : std::uint8_t {
    query = 2,
    stop = 3,
    rotate = 4,
    intvar = 5,
    append_block = 9,
    rand = 13,
    user_var = 14,
    format_description = 15,
    xid = 16,
    begin_load_query = 17,
    execute_load_query = 18,
    table_map = 19,
    write_rows_v1 = 23,
    update_rows_v1 = 24,
    delete_rows_v1 = 25,
    incident = 26,
    heartbeat = 27,
    ignorable = 28,
    rows_query = 29,
    write_rows = 30,
    update_rows = 31,
    delete_rows = 32,
    gtid = 33,
    anonymous_gtid = 34,
    previous_gtids = 35,
    transaction_context = 36,
    view_change = 37,
    xa_prepare = 38,
    partial_update_rows = 39,
    transaction_payload = 40,
    heartbeat_v2 = 41,
    gtid_tagged = 42,
    mariadb_annotate_rows = 160,
    mariadb_binlog_checkpoint = 161,
    mariadb_gtid = 162,
    mariadb_gtid_list = 163,
    mariadb_start_encryption = 164,
    mariadb_query_compressed = 165,
    mariadb_write_rows_compressed_v1 = 166,
    mariadb_update_rows_compressed_v1 = 167,
    mariadb_delete_rows_compressed_v1 = 168,
    mariadb_write_rows_compressed = 169,
    mariadb_update_rows_compressed = 170,
    mariadb_delete_rows_compressed = 171,
};

struct EventHeader {
    static constexpr std::size_t bytes = 19;
    static constexpr std::uint16_t flag_artificial = 0x20;  ///< made up, does not stand in the file
    static constexpr std::uint16_t flag_ignorable = 0x80;   ///< who does not know it may skip it

    std::uint32_t timestamp = 0;  ///< seconds since the epoch; the statement's begin
    EventType type{};
    std::uint32_t server_id = 0;
    std::uint32_t length = 0;         ///< header and checksum included
    std::uint32_t next_position = 0;  ///< the low 32 bits; 0 when not in the file
    std::uint16_t flags = 0;

    bool is_artificial() const noexcept { return (flags & flag_artificial) != 0; }
};

EventHeader parse_event_header(Bytes event);

/// What describes the events that follow it.
struct FormatDescription {
    std::uint16_t binlog_version = 0;
    std::uint32_t created = 0;  ///< not 0: the server was started at that time, with this file
    bool has_checksums = false;
    /// Length of the part of a rows event before its columns, by type (0: type not known there).
    std::array<std::uint8_t, 256> post_header_bytes{};
};
/// `event`: header included; it carries its own checksum algorithm.
FormatDescription parse_format_description(Bytes event);

struct RotateEvent {
    std::uint64_t position;
    std::string_view file;
};
RotateEvent parse_rotate(Bytes body);

struct QueryEvent {
    std::uint16_t error_code;
    std::string_view schema;  ///< the default database
    Bytes sql;                ///< compressed in a MariaDB compressed query
    std::uint32_t seconds;    ///< it took, from its header's timestamp on
};
QueryEvent parse_query(Bytes body);
/// The statement of an EXECUTE_LOAD_QUERY event.
QueryEvent parse_execute_load_query(Bytes body);

/// One transaction's global id. MySQL: source uuid, tag ("" mostly) and number; MariaDB: domain,
/// server and number.
struct MysqlGtidEvent {
    std::array<std::byte, 16> uuid{};
    std::string_view tag;
    std::uint64_t number = 0;
    std::int64_t commit_time_us = 0;  ///< of this server; 0 where the event does not say (5.7)
};
MysqlGtidEvent parse_mysql_gtid(Bytes body);
MysqlGtidEvent parse_mysql_tagged_gtid(Bytes body);

struct MariadbGtidEvent {
    static constexpr std::uint8_t flag_standalone = 0x01;    ///< one event, no COMMIT follows
    static constexpr std::uint8_t flag_prepared_xa = 0x40;   ///< ends with XA PREPARE
    static constexpr std::uint8_t flag_completed_xa = 0x80;  ///< XA COMMIT or XA ROLLBACK
    std::uint64_t number = 0;
    std::uint32_t domain = 0;
    std::uint8_t flags = 0;
};
MariadbGtidEvent parse_mariadb_gtid(Bytes body);

struct XaPrepareEvent {
    bool one_phase;
    std::string_view id;  ///< gtrid and bqual
};
XaPrepareEvent parse_xa_prepare(Bytes body);

/// The file and position of a heartbeat; both versions carry them.
struct HeartbeatEvent {
    std::string_view file;
    std::uint64_t position;  ///< low 32 bits only in the first version: see `wraps`
    bool wraps;
};
HeartbeatEvent parse_heartbeat(const EventHeader& header, Bytes body);

/// The message of an INCIDENT event.
std::string_view parse_incident(Bytes body);

/// A length or number as the protocol packs it (1, 3, 4 or 9 bytes).
std::uint64_t read_packed(ByteReader& reader);

}  // namespace dts
