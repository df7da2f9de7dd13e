#include "test/fault/position_history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <utility>

#include "lib/position/postgres_position.hpp"
#include "test/servers/worker_process.hpp"

namespace dts::test {

namespace fs = std::filesystem;

namespace {

/// Oldest first.
std::vector<fs::path> files_of(const fs::path& log_folder) {
    std::vector<fs::path> files;
    fs::path file = log_folder / "position.log";
    for (int number = 1; fs::exists(file); ++number) {
        files.push_back(file);
        file = log_folder / fmt::format("position.log.{}", number);
    }
    std::reverse(files.begin(), files.end());
    return files;
}

struct Record {
    std::string kind, json;
};

/// "2024-10-10 08:00:58.123456 | checkpoint_position | {json}"
std::optional<Record> parse(const std::string& line) {
    constexpr std::size_t time_bytes = 26;
    const std::string separator = " | ";
    const auto json = line.find(" | {");
    if (json == std::string::npos || json <= time_bytes || line.back() != '}') return std::nullopt;
    if (line.compare(time_bytes, separator.size(), separator) != 0) return std::nullopt;
    const auto kind = time_bytes + separator.size();
    return Record{line.substr(kind, json - kind), line.substr(json + separator.size())};
}

using Place = std::pair<std::string, std::uint64_t>;

Place place_of(const std::string& json) {
    if (const auto lsn = parse_lsn(json_field(json, "lsn"))) return {"", *lsn};
    return {json_field(json, "binlog_filename"),
            std::stoull(json_field(json, "next_event_position"))};
}

}  // namespace

PositionHistory read_position_history(const fs::path& log_folder) {
    PositionHistory history;
    Place last;
    for (const auto& file : files_of(log_folder)) {
        std::ifstream lines(file);
        std::string line;
        while (std::getline(lines, line)) {
            const auto record = parse(line);
            if (!record ||
                (record->kind != "current_position" && record->kind != "checkpoint_position")) {
                history.faults.push_back(fmt::format("{}: '{}' is no record", file.string(), line));
                continue;
            }
            ++history.records;
            if (record->kind != "checkpoint_position" || record->json == R"({"type":"None"})")
                continue;
            const auto place = place_of(record->json);
            if (place < last) {
                history.faults.push_back(fmt::format("{}: {} is behind the record before it, {}:{}",
                                                     file.string(), line, last.first, last.second));
            }
            if (place > last) ++history.moves;
            last = place;
        }
    }
    return history;
}

}  // namespace dts::test
