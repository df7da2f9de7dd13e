#include "lib/source/mysql/binlog_inventory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "lib/source/mysql/dump_error.hpp"
#include "lib/source/mysql/mariadb_binlog_state.hpp"

namespace dts {

namespace {

constexpr std::uint64_t first_event_offset = 4;

struct BinlogFile {
    std::string name;
    std::uint64_t size;
};

std::vector<BinlogFile> binlog_files(MysqlConnection& connection) {
    std::vector<BinlogFile> files;
    auto result = connection.query("SHOW BINARY LOGS");
    while (auto row = result.next()) files.push_back({row->text(0), row->number(1)});
    return files;
}

std::string range_text(const std::vector<BinlogFile>& files) {
    if (files.empty()) return "no binlog at all";
    if (files.size() == 1) return fmt::format("{} alone", files.front().name);
    return fmt::format("{} … {}", files.front().name, files.back().name);
}

GtidSet gtid_variable(MysqlConnection& connection, std::string_view name) {
    return GtidSet::parse(connection.scalar(fmt::format("SELECT @@global.{}", name)).value_or(""));
}

Holding missing(std::string detail) {
    return {false, std::move(detail), gap_hint};
}

Holding holds_place(MysqlConnection& connection, const MysqlPosition& position) {
    const auto files = binlog_files(connection);
    for (const auto& file : files) {
        if (file.name != position.binlog_filename) continue;
        if (position.next_event_position > file.size)
            return missing(
                fmt::format("{}:{} is needed, and {} ends at {}: the source was reset or "
                            "restored",
                            file.name, position.next_event_position, file.name, file.size));
        return {true, range_text(files), {}};
    }
    return missing(fmt::format("{}:{} is needed, the source has {}", position.binlog_filename,
                               position.next_event_position, range_text(files)));
}

/// What follows the position and stood in files that are gone: MariaDB's oldest file begins with an
/// account of them.
MariadbBinlogState purged_behind(MysqlConnection& connection, const std::vector<BinlogFile>& files,
                                 const MariadbBinlogState& position) {
    if (files.empty()) return {};
    const std::string oldest = quote_literal(files.front().name);
    const auto end = connection.scalar(
        fmt::format("SELECT BINLOG_GTID_POS({}, {})", oldest, first_event_offset));
    auto result = connection.query(fmt::format("SHOW BINLOG EVENTS IN {} LIMIT 4", oldest));
    while (auto row = result.next()) {
        const auto info = (*row)[5];  // "[0-101-9]"
        if ((*row)[2] != "Gtid_list" || info.size() < 2) continue;
        const auto purged = MariadbBinlogState::parse(info.substr(1, info.size() - 2));
        return purged.needed_behind(position, MariadbBinlogState::parse(end.value_or("")));
    }
    return {};
}

Holding never_executed(std::string_view ahead, std::string_view executed) {
    return missing(
        fmt::format("the position knows of '{}', which the source has never executed "
                    "(it has '{}'): it was reset or restored",
                    ahead, executed));
}

/// What the server's variables do not settle is left to its own judgement, when the dump begins.
Holding holds_mariadb_gtids(MysqlConnection& connection, const MysqlPosition& position) {
    const auto files = binlog_files(connection);
    const auto saved = MariadbBinlogState::parse(position.gtid_set);
    const auto written = connection.scalar("SELECT @@global.gtid_binlog_state").value_or("");
    // A replica that writes no binlog of what it replicates knows it all the same.
    const auto replicated = connection.scalar("SELECT @@global.gtid_slave_pos").value_or("");
    const auto ahead = saved.not_reached_by(MariadbBinlogState::parse(written),
                                            MariadbBinlogState::parse(replicated));
    if (!ahead.empty()) return never_executed(ahead.text(), written);
    const auto lost = purged_behind(connection, files, saved);
    if (!lost.empty())
        return missing(fmt::format("'{}' is needed and was purged, the source has {}", lost.text(),
                                   range_text(files)));
    return {true, range_text(files), {}};
}

Holding holds_mysql_gtids(MysqlConnection& connection, const MysqlPosition& position) {
    const auto files = binlog_files(connection);
    const GtidSet saved = GtidSet::parse(position.gtid_set);
    const GtidSet executed = gtid_variable(connection, "gtid_executed");
    if (!executed.contains(saved)) {
        GtidSet ahead = saved;
        ahead.subtract(executed);
        return never_executed(ahead.text(), executed.text());
    }
    GtidSet lost = gtid_variable(connection, "gtid_purged");
    if (!saved.contains(lost)) {
        lost.subtract(saved);
        return missing(fmt::format("'{}' is needed and was purged, the source has {}", lost.text(),
                                   range_text(files)));
    }
    return {true, range_text(files), {}};
}

/// MySQL: what the file begins with, and the ids of the transactions up to the place.
GtidSet scan_gtids(MysqlConnection& connection, const std::string& file, std::uint64_t offset) {
    constexpr std::uint64_t events_at_once = 10'000;
    constexpr std::string_view announcement = "SET @@SESSION.GTID_NEXT= '";
    GtidSet set;
    std::uint64_t next = first_event_offset;
    while (true) {
        auto result = connection.query(fmt::format("SHOW BINLOG EVENTS IN {} FROM {} LIMIT {}",
                                                   quote_literal(file), next, events_at_once));
        const std::uint64_t before = next;
        while (auto row = result.next()) {
            const auto type = (*row)[2];
            auto info = (*row)[5];
            const bool is_head = type == "Format_desc" || type == "Previous_gtids";
            next = row->number(1);  // the next question's first event: End_log_pos has 32 bits
            if (next >= offset && !is_head) return set;
            if (type == "Previous_gtids") {
                set.unite(GtidSet::parse(info));
            } else if (info.starts_with(announcement) && info.find(':') != std::string_view::npos) {
                info.remove_prefix(announcement.size());
                set.add(info.substr(0, info.find('\'')));
            }
        }
        if (result.size() < events_at_once) return set;
        if (next <= before)
            throw Error(
                ErrorKind::data,
                fmt::format("the source does not list the events of {} behind {}", file, before),
                "give the GTID set itself: [extractor] gtid_set");
    }
}

/// server_id alone is 1 on every server that was never given one.
std::string mariadb_identity(MysqlConnection& connection) {
    const auto server_id = connection.scalar("SELECT @@global.server_id").value_or("");
    // Of the machine's network address and the port; newer versions only.
    auto result = connection.query("SHOW GLOBAL VARIABLES LIKE 'server_uid'");
    if (const auto row = result.next())
        return fmt::format("mariadb server_uid={} server_id={}", (*row)[1], server_id);
    return fmt::format("mariadb host={} port={} server_id={}",
                       connection.scalar("SELECT @@global.hostname").value_or(""),
                       connection.scalar("SELECT @@global.port").value_or(""), server_id);
}

/// Throws unless an event begins at the place, or the file ends there, and no transaction goes
/// over it: its id stands in front of it and would count as executed.
void require_border(MysqlConnection& connection, const std::string& file, std::uint64_t offset) {
    const auto files = binlog_files(connection);
    const auto found = std::find_if(files.begin(), files.end(),
                                    [&](const BinlogFile& known) { return known.name == file; });
    if (found == files.end() || offset > found->size)
        throw Error(
            ErrorKind::gap,
            fmt::format("the source has no binlog {}:{}, but {}", file, offset, range_text(files)),
            gap_hint);
    if (offset == first_event_offset || offset == found->size) return;
    std::string type = "no event";
    try {
        auto result = connection.query(
            fmt::format("SHOW BINLOG EVENTS IN {} FROM {} LIMIT 1", quote_literal(file), offset));
        const auto row = result.next();
        if (row && row->number(1) == offset) type = row->text(2);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::data) throw;  // the server's words for "no event there"
    }
    if (stands_between_transactions(type)) return;
    throw Error(ErrorKind::config,
                fmt::format("the binlog position {}:{} does not stand between two transactions: {} "
                            "begins there",
                            file, offset, type),
                "a position with GTIDs must be the begin of a Gtid event, or the end of the file: "
                "SHOW BINLOG EVENTS lists them");
}

}  // namespace

std::string server_identity(MysqlConnection& connection) {
    if (connection.is_mariadb()) return mariadb_identity(connection);
    return fmt::format("mysql server_uuid={}",
                       connection.scalar("SELECT @@global.server_uuid").value_or(""));
}

MysqlPosition binlog_end(MysqlConnection& connection, bool with_gtid) {
    const bool newer_word = !connection.is_mariadb() && connection.version() >= 80'200;
    auto result = connection.query(newer_word ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS");
    const auto row = result.next();
    if (!row)
        throw Error(ErrorKind::config, "the source writes no binlog",
                    "start it with --log-bin and --binlog-format=ROW");
    MysqlPosition end;
    end.binlog_filename = row->text(0);
    end.next_event_position = row->number(1);
    end.timestamp_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                           std::chrono::system_clock::now().time_since_epoch())
                           .count();
    if (!with_gtid) return end;
    const auto set_column = result.column("Executed_Gtid_Set");
    end.gtid_set =
        set_column ? GtidSet::parse((*row)[*set_column]).text()
                   : gtid_set_at(connection, end.binlog_filename, end.next_event_position).text();
    return end;
}

bool stands_between_transactions(std::string_view event_type) {
    static constexpr auto types = std::to_array<std::string_view>(
        {"Gtid", "Gtid_tagged", "Gtid_tagged_log_event", "Anonymous_Gtid", "Rotate", "Stop",
         "Format_desc", "Previous_gtids", "Gtid_list", "Binlog_checkpoint", "Start_encryption",
         "Incident"});
    return std::find(types.begin(), types.end(), event_type) != types.end();
}

GtidSet gtid_set_at(MysqlConnection& connection, const std::string& file, std::uint64_t offset) {
    require_border(connection, file, offset);
    if (!connection.is_mariadb()) return scan_gtids(connection, file, offset);
    const auto text = connection.scalar(
        fmt::format("SELECT BINLOG_GTID_POS({}, {})", quote_literal(file), offset));
    if (!text)
        throw Error(ErrorKind::gap, fmt::format("the source has no binlog {}:{}", file, offset),
                    gap_hint);
    return GtidSet::parse(*text);
}

Holding holds_position(MysqlConnection& connection, const MysqlPosition& position) {
    if (position.gtid_set.empty()) return holds_place(connection, position);
    return connection.is_mariadb() ? holds_mariadb_gtids(connection, position)
                                   : holds_mysql_gtids(connection, position);
}

}  // namespace dts
