// One BSON value that can be read and changed. What is not touched keeps the bytes that it came
// with: documents are parsed when somebody looks inside, and order and types of fields are kept.
// Form: https://bsonspec.org/spec.html
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace standin {

/// The type byte of a BSON element.
enum class Type : std::uint8_t {
    number = 0x01,
    text = 0x02,
    document = 0x03,
    array = 0x04,
    binary = 0x05,
    undefined = 0x06,
    object_id = 0x07,
    boolean = 0x08,
    date = 0x09,
    null = 0x0A,
    regex = 0x0B,
    pointer = 0x0C,
    code = 0x0D,
    symbol = 0x0E,
    code_with_scope = 0x0F,
    int32 = 0x10,
    timestamp = 0x11,
    int64 = 0x12,
    decimal = 0x13,
    min_key = 0xFF,
    max_key = 0x7F,
};

/// BSON bytes that are none.
struct BadBson : std::runtime_error {
    using runtime_error::runtime_error;
};

/// A place in the oplog, and in time: seconds and a counter within the second.
struct Timestamp {
    std::uint32_t seconds = 0;
    std::uint32_t counter = 0;
    auto operator<=>(const Timestamp&) const = default;
};

struct Field;

class Value {
  public:
    Value() = default;  ///< null
    Value(std::int32_t number);
    Value(std::int64_t number);
    Value(double number);
    Value(bool yes);
    Value(Timestamp time);
    Value(std::string_view text);
    Value(const std::string& text) : Value(std::string_view(text)) {}
    Value(const char* text) : Value(std::string_view(text)) {}
    Value(std::initializer_list<Field> fields);
    /// Of the bytes that stand behind the element's name.
    Value(Type type, std::string bytes) : type_(type), bytes_(std::move(bytes)) {}

    /// A whole document. Throws BadBson when its length is not that of the bytes.
    static Value document(std::string bytes);
    static Value document(std::vector<Field> fields);
    static Value array(std::vector<Value> elements);
    static Value binary(std::uint8_t subtype, std::string_view bytes);
    static Value object_id(std::string_view bytes12) {
        return {Type::object_id, std::string(bytes12)};
    }
    static Value date(std::int64_t milliseconds);

    Type type() const noexcept { return type_; }
    bool is_document() const noexcept { return type_ == Type::document; }
    bool is_array() const noexcept { return type_ == Type::array; }
    bool is_container() const noexcept { return is_document() || is_array(); }
    bool is_text() const noexcept { return type_ == Type::text; }
    bool is_number() const noexcept;
    /// Null or absent values are false, and so are numbers that are 0.
    bool truthy() const noexcept;

    /// Of a document or array. Throws BadBson when the bytes are none.
    const std::vector<Field>& fields() const;
    std::vector<Field>& fields();
    std::size_t size() const { return fields().size(); }
    /// The field of that name; null when there is none, or this is no container.
    const Value* find(std::string_view name) const;
    Value* find(std::string_view name);
    bool has(std::string_view name) const { return find(name) != nullptr; }
    /// Changes the field, or appends it.
    void set(std::string_view name, Value value);
    void append(std::string_view name, Value value);
    /// To an array.
    void push(Value value);
    void remove(std::string_view name);
    /// What an array holds.
    std::vector<Value> elements() const;

    /// `fallback` where it is no number, no text.
    std::int64_t integer(std::int64_t fallback = 0) const;
    double real(double fallback = 0) const;
    std::string text(std::string_view fallback = {}) const;
    Timestamp time() const;

    /// What stands behind an element's name: for a document, all of it.
    const std::string& bytes() const;
    /// Same type and bytes.
    bool same(const Value& other) const { return type_ == other.type_ && bytes() == other.bytes(); }

    /// These read the field of a command; absent is the fallback.
    std::int64_t integer_of(std::string_view name, std::int64_t fallback = 0) const;
    std::string text_of(std::string_view name, std::string_view fallback = {}) const;
    bool truthy_of(std::string_view name) const;

  private:
    void parse() const;

    // Containers: either is filled, or both; bytes_ empty: to be encoded, parsed_ null: to be
    // parsed. Leaves have bytes_ alone.
    Type type_ = Type::null;
    mutable std::string bytes_;
    mutable std::shared_ptr<std::vector<Field>> parsed_;
};

struct Field {
    std::string name;
    Value value;
};

}  // namespace standin
