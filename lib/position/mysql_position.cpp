#include "lib/position/mysql_position.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "lib/base/clock_text.hpp"
#include "lib/base/error.hpp"
#include "lib/position/gtid_set.hpp"
#include "lib/position/record_json.hpp"

namespace dts {

namespace {

/// Behind the four magic bytes that every binlog file begins with.
constexpr std::uint64_t first_event_offset = 4;
constexpr std::uint64_t most_offset = std::numeric_limits<std::int64_t>::max();

struct BinlogName {
    std::string_view base;
    std::string_view number;  ///< without leading zeros; empty where the name has none
};

bool all_digits(std::string_view text) noexcept {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

BinlogName split(std::string_view name) noexcept {
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos || !all_digits(name.substr(dot + 1))) return {name, {}};
    auto number = name.substr(dot + 1);
    number.remove_prefix(std::min(number.find_first_not_of('0'), number.size() - 1));
    return {name.substr(0, dot), number};
}

class MysqlCodec final : public PositionCodec {
  public:
    std::string_view type() const noexcept override { return "MysqlCdc"; }

    PositionPtr decode(std::string_view json) const override {
        RecordFields fields(json, type());
        auto position = std::make_shared<MysqlPosition>();
        position->server_id = fields.take_text("server_id");
        position->binlog_filename = fields.take_text("binlog_filename");
        position->next_event_position = fields.take_number("next_event_position", 0, most_offset);
        position->gtid_set = fields.take_text("gtid_set");
        position->timestamp_ms = fields.take_timestamp_ms("timestamp");
        fields.finish();
        check(*position, fields);
        return position;
    }

  private:
    static void check(const MysqlPosition& position, const RecordFields& fields) {
        const auto& id = position.server_id;
        if (!id.empty() && (!all_digits(id) || id.size() > 10))
            fields.fail("\"server_id\" is not a number");
        check_file(position, fields);
        if (position.gtid_set.empty()) return;
        try {
            GtidSet::parse(position.gtid_set);
        } catch (const Error& error) {
            fields.fail(fmt::format("\"gtid_set\": {}", error.text()));
        }
    }

    static void check_file(const MysqlPosition& position, const RecordFields& fields) {
        const auto& name = position.binlog_filename;
        if (name.empty()) {
            if (position.gtid_set.empty()) fields.fail("it names neither a file nor a GTID set");
            return;
        }
        const bool plain = std::none_of(name.begin(), name.end(), [](char c) {
            return c == '/' || static_cast<unsigned char>(c) < 0x20;
        });
        const auto parts = split(name);
        if (!plain || parts.base.empty() || parts.number.empty())
            fields.fail("\"binlog_filename\" is not a name like \"mysql-bin.000004\"");
        if (position.gtid_set.empty() && position.next_event_position < first_event_offset)
            fields.fail("\"next_event_position\" is before the first event of a file");
    }
};

}  // namespace

std::string MysqlPosition::to_json() const {
    std::string json = R"({"type":"MysqlCdc","server_id":)";
    append_json_text(json, server_id);
    json += R"(,"binlog_filename":)";
    append_json_text(json, binlog_filename);
    json += fmt::format(R"(,"next_event_position":{},"gtid_set":)", next_event_position);
    append_json_text(json, gtid_set);
    json += fmt::format(R"(,"timestamp":"{}"}})", millisecond_text(timestamp_ms));
    return json;
}

std::partial_ordering MysqlPosition::compare(const Position& other) const noexcept {
    const auto* that = dynamic_cast<const MysqlPosition*>(&other);
    if (that == nullptr) return std::partial_ordering::unordered;
    if (!gtid_set.empty() && !that->gtid_set.empty()) {
        if (gtid_set == that->gtid_set) return std::partial_ordering::equivalent;
        try {
            return GtidSet::parse(gtid_set).compare(GtidSet::parse(that->gtid_set));
        } catch (const std::exception&) {
            return std::partial_ordering::unordered;
        }
    }
    const auto files = compare_binlog_files(binlog_filename, that->binlog_filename);
    if (files != std::partial_ordering::equivalent) return files;
    return next_event_position <=> that->next_event_position;
}

std::partial_ordering compare_binlog_files(std::string_view a, std::string_view b) noexcept {
    if (a == b)
        return a.empty() ? std::partial_ordering::unordered : std::partial_ordering::equivalent;
    const auto left = split(a);
    const auto right = split(b);
    if (left.base != right.base || left.number.empty() || right.number.empty())
        return std::partial_ordering::unordered;
    if (left.number.size() != right.number.size())
        return left.number.size() <=> right.number.size();
    return left.number.compare(right.number) <=> 0;
}

std::unique_ptr<PositionCodec> mysql_codec() {
    return std::make_unique<MysqlCodec>();
}

}  // namespace dts
