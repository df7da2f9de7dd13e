// The JSON of position records, strictly: every key known, each once, each of its type and range. A
// flipped byte in a key must not silently drop a value, so whatever is left over is an error.
// All functions throw Error{checkpoint} saying what is wrong with the record. Internal to
// lib/position.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dts {

struct JsonMember;

/// A parsed JSON value; whole numbers from 0 to 2^64-1 only.
struct JsonValue {
    using Array = std::vector<JsonValue>;
    using Object = std::vector<JsonMember>;
    struct Null {};
    std::variant<Null, bool, std::uint64_t, std::string, Array, Object> value;

    const std::string* text() const noexcept { return std::get_if<std::string>(&value); }
    const Array* array() const noexcept { return std::get_if<Array>(&value); }
    const Object* object() const noexcept { return std::get_if<Object>(&value); }
    bool is_null() const noexcept { return std::holds_alternative<Null>(value); }
};

struct JsonMember {
    std::string key;
    JsonValue value;
};

/// Parses one JSON value and nothing behind it.
JsonValue parse_json(std::string_view json);

/// Appends the text as a JSON string, quotes included.
void append_json_text(std::string& json, std::string_view text);

/// Takes the keys of a record one by one; finish() throws when some are left.
class RecordFields {
  public:
    /// The record must be an object of this "type", without duplicate keys.
    RecordFields(std::string_view json, std::string_view type);

    bool has(std::string_view key) const noexcept;
    JsonValue take(std::string_view key);
    std::string take_text(std::string_view key);
    /// A name is never empty and holds no NUL.
    std::string take_name(std::string_view key);
    std::uint64_t take_number(std::string_view key, std::uint64_t least, std::uint64_t most);
    /// Milliseconds since the epoch; an empty text is an unknown time: 0.
    std::int64_t take_timestamp_ms(std::string_view key);
    void finish() const;

    /// Error{checkpoint}: "a MysqlCdc record: WHAT".
    [[noreturn]] void fail(std::string_view what) const;

  private:
    std::string type_;
    JsonValue::Object members_;
};

}  // namespace dts
