#include "daemon/worker/status_line.hpp"

#include <fmt/format.h>
#include <rapidjson/document.h>

#include "lib/base/utf8.hpp"

namespace dts {

namespace {

constexpr std::size_t longest_reason = 300;
constexpr std::size_t longest_position = 120;  // a GTID set has no bound of its own

std::string text_of(const rapidjson::Document& json, const char* key) {
    const auto member = json.FindMember(key);
    if (member == json.MemberEnd()) return {};
    if (member->value.IsString()) return member->value.GetString();
    if (member->value.IsUint64()) return std::to_string(member->value.GetUint64());
    return {};
}

bool is_running(TaskState state) {
    return state == TaskState::streaming || state == TaskState::caught_up;
}

}  // namespace

std::string short_position(std::string_view json) {
    rapidjson::Document record;
    record.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
    if (record.HasParseError() || !record.IsObject()) return {};
    std::string file = text_of(record, "binlog_filename");
    if (!file.empty()) return fmt::format("{}:{}", file, text_of(record, "next_event_position"));
    for (const char* key : {"gtid_set", "lsn", "operation_time", "value"}) {
        std::string text = text_of(record, key);
        if (!text.empty()) return one_line(text, longest_position);
    }
    return {};
}

std::string short_count(double count) {
    if (count < 999.5) return fmt::format("{:.0f}", count);
    if (count < 999'500) return fmt::format("{:.1f}k", count / 1e3);
    return fmt::format("{:.1f}M", count / 1e6);
}

std::string status_line(const WorkerStatus& status) {
    std::string line(name_of(status.state));
    if (!status.reason.empty()) line += ": " + one_line(status.reason, longest_reason);
    const std::string position = short_position(status.checkpoint);
    if (!position.empty()) line += ", " + position;
    if (status.lag_seconds >= 0) line += fmt::format(", lag {:.1f} s", status.lag_seconds);
    if (is_running(status.state)) {
        line += fmt::format(", {} changes/s", short_count(status.applied_per_second));
    }
    return line;
}

}  // namespace dts
