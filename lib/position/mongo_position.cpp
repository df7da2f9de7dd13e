#include "lib/position/mongo_position.hpp"

#include <fmt/format.h>

#include <limits>

#include "lib/base/clock_text.hpp"
#include "lib/base/error.hpp"
#include "lib/position/record_json.hpp"

namespace dts {

namespace {

/// A token is an object that holds "_data": {"_data":"8267..."}.
bool is_token(std::string_view json) {
    try {
        const auto parsed = parse_json(json);
        const auto* members = parsed.object();
        if (members == nullptr) return false;
        for (const auto& member : *members)
            if (member.key == "_data") {
                const auto* text = member.value.text();
                return text != nullptr ? !text->empty() : member.value.object() != nullptr;
            }
    } catch (const Error&) {
    }
    return false;
}

class MongoCodec final : public PositionCodec {
  public:
    std::string_view type() const noexcept override { return "MongoCdc"; }

    PositionPtr decode(std::string_view json) const override {
        constexpr std::uint64_t latest = std::numeric_limits<std::uint32_t>::max() - 1;
        RecordFields fields(json, type());
        auto position = std::make_shared<MongoPosition>();
        position->resume_token = fields.take_text("resume_token");
        position->operation_time =
            static_cast<std::uint32_t>(fields.take_number("operation_time", 0, latest));
        position->timestamp_ms = fields.take_timestamp_ms("timestamp");
        if (fields.has("increment"))
            position->increment =
                static_cast<std::uint32_t>(fields.take_number("increment", 1, latest));
        fields.finish();
        if (position->resume_token.empty() && position->operation_time == 0)
            fields.fail("it has neither a \"resume_token\" nor an \"operation_time\"");
        if (!position->resume_token.empty() && !is_token(position->resume_token))
            fields.fail("\"resume_token\" is not a token like {\"_data\":\"8267...\"}");
        return position;
    }
};

}  // namespace

std::string MongoPosition::to_json() const {
    std::string json = R"({"type":"MongoCdc","resume_token":)";
    append_json_text(json, resume_token);
    json += fmt::format(R"(,"operation_time":{},"timestamp":"{}"}})", operation_time,
                        millisecond_text(timestamp_ms));
    return json;
}

std::string MongoPosition::to_exact_json() const {
    std::string json = to_json();
    if (increment != 0) json.insert(json.size() - 1, fmt::format(",\"increment\":{}", increment));
    return json;
}

std::partial_ordering MongoPosition::compare(const Position& other) const noexcept {
    const auto* that = dynamic_cast<const MongoPosition*>(&other);
    if (that == nullptr) return std::partial_ordering::unordered;
    if (resume_token == that->resume_token && !resume_token.empty())
        return std::partial_ordering::equivalent;
    if (operation_time != that->operation_time) return operation_time <=> that->operation_time;
    if (resume_token.empty() != that->resume_token.empty()) return std::partial_ordering::unordered;
    if (resume_token.empty() && increment != 0 && that->increment != 0)
        return increment <=> that->increment;
    // Key strings are made to be compared as bytes, and hex keeps that order.
    return resume_token.compare(that->resume_token) <=> 0;
}

std::unique_ptr<PositionCodec> mongo_codec() {
    return std::make_unique<MongoCodec>();
}

}  // namespace dts
