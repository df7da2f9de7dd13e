#include "lib/source/mysql/dump_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/client/mysql_client.hpp"

namespace dts {

const std::string gap_hint =
    "changes between that place and the oldest the source still has are lost to this task: copy "
    "the "
    "tables anew and start from a new position; keep binlogs longer (binlog_expire_logs_seconds)";

namespace {

/// Of an offset that is not the border of two events.
const std::string misplaced_hint =
    "the binlog file of that name has no event there: a position given by hand must be the end of "
    "a "
    "transaction; else the source was reset or restored: copy the tables anew and start from a new "
    "position";

struct Meaning {
    std::string_view part;  ///< of the server's text
    ErrorKind kind;
    bool is_misplaced = false;
};

/// The first whose part occurs counts.
constexpr auto meanings = std::to_array<Meaning>({
    {"same server_uuid", ErrorKind::config},
    {"same server_id", ErrorKind::config},
    {"Binary log is not open", ErrorKind::config},
    {"server_id was not set", ErrorKind::config},
    {"Could not find first log file name", ErrorKind::gap},
    {"impossible position", ErrorKind::gap, true},
    {"position > file size", ErrorKind::gap, true},
    {"max_allowed_packet", ErrorKind::gap, true},
    {"bogus data in log event", ErrorKind::gap, true},
    {"truncated in the middle of event", ErrorKind::gap, true},
    {"purged", ErrorKind::gap},
    {"has more GTIDs than", ErrorKind::gap},
    {"not in the master's binlog", ErrorKind::gap},
    {"missing the GTID", ErrorKind::gap},
    {"GTID state", ErrorKind::gap},
    {"could not find next log", ErrorKind::gap},
    {"server shutdown", ErrorKind::transient},
});

constexpr unsigned evicted_on_mariadb = 4052;
constexpr unsigned purged_gtids = 1789;
constexpr unsigned fatal_reading_binlog = 1236;

Meaning meaning_of(unsigned number, std::string_view text) {
    if (number == evicted_on_mariadb) return {{}, ErrorKind::config};
    if (number == purged_gtids) return {{}, ErrorKind::gap};
    if (number != fatal_reading_binlog) return {{}, mysql_error_kind(number)};
    for (const auto& meaning : meanings) {
        if (text.find(meaning.part) != std::string_view::npos) return meaning;
    }
    return {{}, ErrorKind::data};
}

}  // namespace

Error dump_error(unsigned number, std::string_view server_text, std::string_view wanted,
                 std::uint32_t server_id) {
    const auto [part, kind, is_misplaced] = meaning_of(number, server_text);
    auto text = fmt::format("the source ends the binlog stream at {}: error {}: {}", wanted, number,
                            server_text);
    switch (kind) {
        case ErrorKind::gap:
            return {kind, std::move(text), is_misplaced ? misplaced_hint : gap_hint};
        case ErrorKind::config:
            return {kind, std::move(text),
                    fmt::format("another client reads this source with server_id {0} (a second "
                                "worker of this task, another task, or a replica): give this task "
                                "a server_id of its own",
                                server_id)};
        case ErrorKind::permission:
            return {kind, std::move(text), "grant REPLICATION SLAVE to the account"};
        default:
            return {kind, std::move(text)};
    }
}

Error dump_error(Bytes packet, std::string_view wanted, std::uint32_t server_id) {
    constexpr std::size_t sql_state_bytes = 6;  // "#HY000"
    ByteReader reader(packet);
    const unsigned number = reader.u16();
    std::string_view text = as_text(reader.rest());
    if (text.starts_with('#')) text.remove_prefix(std::min(sql_state_bytes, text.size()));
    return dump_error(number, text, wanted, server_id);
}

}  // namespace dts
