#include "test/fault/position_history.hpp"

#include <fmt/format.h>

#include <fstream>
#include <regex>
#include <tuple>

#include "test/servers/worker_process.hpp"

namespace dts::test {

namespace fs = std::filesystem;

namespace {

/// Oldest first.
std::vector<fs::path> files_of(const fs::path& log_folder) {
    std::vector<fs::path> files = {log_folder / "position.log"};
    for (int number = 1;; ++number) {
        auto file = log_folder / fmt::format("position.log.{}", number);
        if (!fs::exists(file)) break;
        files.insert(files.begin(), std::move(file));
    }
    return files;
}

using Place = std::tuple<std::string, std::uint64_t>;

Place place_of(const std::string& json) {
    return {json_field(json, "binlog_filename"),
            std::stoull(json_field(json, "next_event_position"))};
}

}  // namespace

PositionHistory read_position_history(const fs::path& log_folder) {
    static const std::regex record(
        R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} \| (current|checkpoint)_position \| (\{.*\}))");
    PositionHistory history;
    Place last;
    for (const auto& file : files_of(log_folder)) {
        std::ifstream lines(file);
        std::string line;
        while (std::getline(lines, line)) {
            std::smatch match;
            if (!std::regex_match(line, match, record)) {
                history.faults.push_back(fmt::format("{}: '{}' is no record", file.string(), line));
                continue;
            }
            ++history.records;
            if (match[1] != "checkpoint" || match[2] == R"({"type":"None"})") continue;
            const auto place = place_of(match[2]);
            if (place < last) {
                history.faults.push_back(fmt::format("{}: {} is behind the record before it, {}:{}",
                                                     file.string(), line, std::get<0>(last),
                                                     std::get<1>(last)));
            }
            history.moves += place > last ? 1 : 0;
            last = place;
        }
    }
    return history;
}

}  // namespace dts::test
