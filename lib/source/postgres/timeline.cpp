#include "lib/source/postgres/timeline.hpp"

#include <fmt/format.h>

#include <charconv>

#include "lib/position/postgres_position.hpp"
#include "lib/source/postgres/slot_inventory.hpp"

namespace dts {

namespace {

constexpr const char* gap_hint =
    "copy the tables anew, and start with an empty log directory. For the next time: from version "
    "17 on the slot is made with failover, and goes along where the standby has "
    "sync_replication_slots=on and the primary names the standby's slot in "
    "synchronized_standby_slots";

std::optional<std::uint32_t> number(std::string_view text) {
    std::uint32_t value = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return value;
}

/// What stands between the two, from `text`; moves it behind them.
std::optional<std::string_view> take(std::string_view& text, std::string_view before,
                                     std::string_view behind) {
    if (!text.starts_with(before)) return std::nullopt;
    const auto rest = text.substr(before.size());
    const auto end = behind.empty() ? rest.size() : rest.find(behind);
    if (end == std::string_view::npos || end == 0) return std::nullopt;
    text = rest.substr(end);
    return rest.substr(0, end);
}

}  // namespace

PostgresIdentity PostgresIdentity::read(PostgresConnection& connection) {
    const auto result = connection.query("IDENTIFY_SYSTEM");
    return {result.text(0, 0), number(result.at(0, 1)).value_or(0), result.text(0, 3)};
}

std::optional<PostgresIdentity> PostgresIdentity::parse(std::string_view text) {
    const auto system = take(text, "postgres ", " timeline ");
    if (!system) return std::nullopt;
    const auto timeline = take(text, " timeline ", " database ");
    if (!timeline || !number(*timeline)) return std::nullopt;
    const auto database = take(text, " database ", "");
    if (!database) return std::nullopt;
    return PostgresIdentity{std::string(*system), *number(*timeline), std::string(*database)};
}

std::string PostgresIdentity::text() const {
    return fmt::format("postgres {} timeline {} database {}", system, timeline, database);
}

bool PostgresIdentity::may_succeed(const PostgresIdentity& earlier) const noexcept {
    return system == earlier.system && database == earlier.database && timeline > earlier.timeline;
}

std::optional<std::uint64_t> end_of_timeline(std::string_view history, std::uint32_t earlier) {
    while (!history.empty()) {
        const auto line = history.substr(0, history.find('\n'));
        history.remove_prefix(std::min(line.size() + 1, history.size()));
        if (line.empty() || line.front() == '#') continue;
        const auto tab = std::min(line.find('\t'), line.size());
        const auto rest = line.substr(std::min(tab + 1, line.size()));
        const auto timeline = number(line.substr(0, tab));
        const auto end = parse_lsn(rest.substr(0, rest.find('\t')));
        if (!timeline || !end)
            throw Error(ErrorKind::data,
                        fmt::format("the source's history of timelines has the line '{}'", line));
        if (*timeline == earlier) return end;
    }
    return std::nullopt;
}

Holding slot_succeeds(PostgresConnection& connection, PostgresConnection& walsender,
                      const std::string& slot, const PostgresIdentity& earlier, std::uint64_t lsn) {
    const auto now = PostgresIdentity::read(walsender);
    const auto history = walsender.query(fmt::format("TIMELINE_HISTORY {}", now.timeline));
    const auto end = end_of_timeline(history.at(0, 1), earlier.timeline);
    const std::string change =
        fmt::format("the source went from timeline {} to {}", earlier.timeline, now.timeline);
    if (!end)
        return {false, fmt::format("{}, and was never on the former itself", change), gap_hint};
    if (lsn > *end) {
        return {false,
                fmt::format("{} at {}: what the target holds beyond that, the source has lost",
                            change, lsn_text(*end)),
                gap_hint};
    }
    const auto state = read_slot(connection, slot);
    if (!state || !state->is_synchronized) {
        return {false,
                fmt::format("{} at {}, and slot {} was not kept in step with the primary's", change,
                            lsn_text(*end), slot),
                gap_hint};
    }
    return {true, fmt::format("{} at {}, slot {} went along", change, lsn_text(*end), slot), ""};
}

}  // namespace dts
