#include "lib/source/mysql/binlog_inventory.hpp"

#include <fmt/format.h>

#include <vector>

#include "lib/source/mysql/dump_error.hpp"

namespace dts {

namespace {

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

/// What stood in files that are gone. MariaDB has no variable for it: the list in front of the
/// oldest file says it.
GtidSet purged_gtids(MysqlConnection& connection, const std::vector<BinlogFile>& files) {
    if (!connection.is_mariadb()) return gtid_variable(connection, "gtid_purged");
    if (files.empty()) return {};
    auto result = connection.query(
        fmt::format("SHOW BINLOG EVENTS IN {} LIMIT 4", quote_literal(files.front().name)));
    while (auto row = result.next()) {
        if ((*row)[2] != "Gtid_list") continue;
        auto info = (*row)[5];  // "[0-101-9]"
        if (info.size() < 2) return {};
        return GtidSet::parse(info.substr(1, info.size() - 2));
    }
    return {};
}

Holding holds_gtids(MysqlConnection& connection, const MysqlPosition& position) {
    const auto files = binlog_files(connection);
    const GtidSet saved = GtidSet::parse(position.gtid_set);
    const GtidSet executed =
        gtid_variable(connection, connection.is_mariadb() ? "gtid_binlog_pos" : "gtid_executed");
    if (!executed.contains(saved)) {
        GtidSet ahead = saved;
        ahead.subtract(executed);
        return missing(
            fmt::format("the position knows of '{}', which the source has never "
                        "executed (it has '{}'): it was reset or restored",
                        ahead.text(), executed.text()));
    }
    GtidSet lost = purged_gtids(connection, files);
    if (!saved.contains(lost)) {
        lost.subtract(saved);
        return missing(fmt::format("'{}' is needed and was purged, the source has {}", lost.text(),
                                   range_text(files)));
    }
    return {true, range_text(files), {}};
}

/// MySQL: what the file begins with, and the ids of the transactions up to the place.
GtidSet scan_gtids(MysqlConnection& connection, const std::string& file, std::uint64_t offset) {
    constexpr int events_at_once = 10'000;
    constexpr std::string_view announcement = "SET @@SESSION.GTID_NEXT= '";
    GtidSet set;
    std::uint64_t next = 4;
    while (true) {
        auto result = connection.query(fmt::format("SHOW BINLOG EVENTS IN {} FROM {} LIMIT {}",
                                                   quote_literal(file), next, events_at_once));
        const std::uint64_t before = next;
        while (auto row = result.next()) {
            const auto type = (*row)[2];
            auto info = (*row)[5];
            const bool is_head = type == "Format_desc" || type == "Previous_gtids";
            if (row->number(1) >= offset && !is_head) return set;
            next = row->number(4);
            if (type == "Previous_gtids") {
                set.unite(GtidSet::parse(info));
            } else if (info.starts_with(announcement) && info.find(':') != std::string_view::npos) {
                info.remove_prefix(announcement.size());
                set.add(info.substr(0, info.find('\'')));
            }
        }
        if (next == before) return set;
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

GtidSet gtid_set_at(MysqlConnection& connection, const std::string& file, std::uint64_t offset) {
    if (!connection.is_mariadb()) return scan_gtids(connection, file, offset);
    const auto text = connection.scalar(
        fmt::format("SELECT BINLOG_GTID_POS({}, {})", quote_literal(file), offset));
    if (!text)
        throw Error(ErrorKind::gap, fmt::format("the source has no binlog {}:{}", file, offset),
                    gap_hint);
    return GtidSet::parse(*text);
}

Holding holds_position(MysqlConnection& connection, const MysqlPosition& position) {
    return position.gtid_set.empty() ? holds_place(connection, position)
                                     : holds_gtids(connection, position);
}

}  // namespace dts
