#include "lib/position/record_json.hpp"

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <optional>

#include "lib/base/clock_text.hpp"
#include "lib/base/error.hpp"

namespace dts {

namespace {

/// Builds JsonValues; returns false (which ends the parse) on what no record holds.
class Builder {
  public:
    bool Null() { return put({JsonValue::Null{}}); }
    bool Bool(bool value) { return put({value}); }
    bool Uint(unsigned value) { return put({std::uint64_t{value}}); }
    bool Uint64(std::uint64_t value) { return put({value}); }
    bool Int(int) { return false; }
    bool Int64(std::int64_t) { return false; }
    bool Double(double) { return false; }
    bool RawNumber(const char*, unsigned, bool) { return false; }
    bool String(const char* text, unsigned length, bool) {
        return put({std::string(text, length)});
    }
    bool StartObject() { return open({JsonValue::Object{}}); }
    bool Key(const char* text, unsigned length, bool) {
        open_.back().key.assign(text, length);
        return true;
    }
    bool EndObject(unsigned) { return close(); }
    bool StartArray() { return open({JsonValue::Array{}}); }
    bool EndArray(unsigned) { return close(); }

    std::optional<JsonValue> result;

  private:
    static constexpr std::size_t most_nested = 16;

    struct Open {
        JsonValue value;
        std::string key;  ///< of the member being read, in an object
    };

    bool put(JsonValue value) {
        if (open_.empty()) {
            result = std::move(value);
        } else if (auto* object = std::get_if<JsonValue::Object>(&open_.back().value.value)) {
            object->push_back({std::move(open_.back().key), std::move(value)});
        } else {
            std::get<JsonValue::Array>(open_.back().value.value).push_back(std::move(value));
        }
        return true;
    }
    bool open(JsonValue value) {
        if (open_.size() == most_nested) return false;
        open_.push_back({std::move(value), {}});
        return true;
    }
    bool close() {
        auto value = std::move(open_.back().value);
        open_.pop_back();
        return put(std::move(value));
    }

    std::vector<Open> open_;
};

}  // namespace

JsonValue parse_json(std::string_view json) {
    using rapidjson::Reader;
    Builder builder;
    Reader reader;
    rapidjson::MemoryStream stream(json.data(), json.size());
    const auto parsed =
        reader.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(
            stream, builder);
    if (!parsed || !builder.result) {
        const bool refused = parsed.Code() == rapidjson::kParseErrorTermination;
        throw Error(ErrorKind::checkpoint,
                    fmt::format("not the JSON of a record, at its byte {}: {}", parsed.Offset(),
                                refused ? "a value that no record holds"
                                        : rapidjson::GetParseError_En(parsed.Code())));
    }
    return std::move(*builder.result);
}

void append_json_text(std::string& json, std::string_view text) {
    json += '"';
    for (const char c : text) {
        switch (c) {
            case '"':
                json += "\\\"";
                break;
            case '\\':
                json += "\\\\";
                break;
            case '\b':
                json += "\\b";
                break;
            case '\f':
                json += "\\f";
                break;
            case '\n':
                json += "\\n";
                break;
            case '\r':
                json += "\\r";
                break;
            case '\t':
                json += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20)
                    json += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
                else
                    json += c;
        }
    }
    json += '"';
}

RecordFields::RecordFields(std::string_view json, std::string_view type) : type_(type) {
    auto parsed = parse_json(json);
    auto* members = std::get_if<JsonValue::Object>(&parsed.value);
    if (members == nullptr) fail("it is not an object");
    members_ = std::move(*members);
    for (auto a = members_.begin(); a != members_.end(); ++a)
        if (std::any_of(members_.begin(), a, [&](const auto& b) { return b.key == a->key; }))
            fail(fmt::format("\"{}\" stands twice", a->key));
    if (take_text("type") != type) fail("it is of another type");
}

bool RecordFields::has(std::string_view key) const noexcept {
    return std::any_of(members_.begin(), members_.end(),
                       [&](const auto& member) { return member.key == key; });
}

JsonValue RecordFields::take(std::string_view key) {
    const auto found = std::find_if(members_.begin(), members_.end(),
                                    [&](const auto& member) { return member.key == key; });
    if (found == members_.end()) fail(fmt::format("\"{}\" is missing", key));
    auto value = std::move(found->value);
    members_.erase(found);
    return value;
}

std::string RecordFields::take_text(std::string_view key) {
    auto value = take(key);
    auto* text = std::get_if<std::string>(&value.value);
    if (text == nullptr) fail(fmt::format("\"{}\" is not a text", key));
    return std::move(*text);
}

std::string RecordFields::take_name(std::string_view key) {
    auto name = take_text(key);
    if (name.empty()) fail(fmt::format("\"{}\" is empty", key));
    if (name.find('\0') != std::string::npos) fail(fmt::format("\"{}\" holds a NUL", key));
    return name;
}

std::uint64_t RecordFields::take_number(std::string_view key, std::uint64_t least,
                                        std::uint64_t most) {
    const auto value = take(key);
    const auto* number = std::get_if<std::uint64_t>(&value.value);
    if (number == nullptr || *number < least || *number > most)
        fail(fmt::format("\"{}\" is not a whole number from {} to {}", key, least, most));
    return *number;
}

std::int64_t RecordFields::take_timestamp_ms(std::string_view key) {
    const auto text = take_text(key);
    if (text.empty()) return 0;
    const auto time = parse_millisecond_text(text);
    if (!time || *time < 0)
        fail(fmt::format("\"{}\" is not a time like \"2024-10-10 08:00:58.000\"", key));
    return *time;
}

void RecordFields::finish() const {
    if (!members_.empty()) fail(fmt::format("\"{}\" is not known", members_.front().key));
}

void RecordFields::fail(std::string_view what) const {
    throw Error(ErrorKind::checkpoint, fmt::format("a {} record: {}", type_, what));
}

}  // namespace dts
