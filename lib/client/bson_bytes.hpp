// BSON documents as the bytes they are: reading element by element and putting documents together
// from elements that are copied as they stand, so that whatever a document holds (the order of its
// fields, types, invalid UTF-8, names with dots and dollars) comes out byte for byte as it went in.
//
// Format: bsonspec.org, version 1.1. Nothing is allocated for reading; views live as long as the
// bytes. Everything throws Error{data} on bytes that are no BSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dts {

enum class BsonType : std::uint8_t {
    float64 = 0x01,
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
    db_pointer = 0x0C,
    code = 0x0D,
    symbol = 0x0E,
    scoped_code = 0x0F,
    int32 = 0x10,
    timestamp = 0x11,
    int64 = 0x12,
    decimal128 = 0x13,
    min_key = 0xFF,
    max_key = 0x7F,
};

/// Seconds and increment of an oplog entry ("ts", "clusterTime"). Ordered as the server orders
/// them.
struct BsonTimestamp {
    std::uint32_t seconds = 0;
    std::uint32_t increment = 0;
    auto operator<=>(const BsonTimestamp&) const = default;
};

struct BsonElement {
    BsonType type = BsonType::null;
    std::string_view name;
    std::string_view value;  ///< the bytes behind the name

    bool is_document() const noexcept { return type == BsonType::document; }
    bool is_array() const noexcept { return type == BsonType::array; }
    bool is_number() const noexcept {
        return type == BsonType::int32 || type == BsonType::int64 || type == BsonType::float64;
    }

    // The value as what it must be: Error{data} naming the field when it is something else.
    std::string_view as_text() const;
    std::string_view as_document() const;  ///< a document's or an array's bytes
    BsonTimestamp as_timestamp() const;
    std::int64_t as_integer() const;  ///< any number without a fraction
    /// true, or a number that is not 0.
    bool is_true() const noexcept;
};

class BsonReader {
  public:
    /// Checks the outermost length and terminator.
    explicit BsonReader(std::string_view document);

    /// The next element; nothing at the end.
    std::optional<BsonElement> next();

  private:
    std::string_view rest_;
};

/// The first element of that name; nothing where there is none.
std::optional<BsonElement> find_element(std::string_view document, std::string_view name);

/// Throws unless this is BSON all the way down, nested at most as deep as the server allows (180).
void check_document(std::string_view document);

/// Puts a document together at the end of a string. Documents and arrays inside are opened and
/// closed like brackets.
class BsonWriter {
  public:
    BsonWriter() { open_outermost(); }

    BsonWriter& element(std::string_view name, const BsonElement& value);
    BsonWriter& element(std::string_view name, BsonType type, std::string_view value);
    BsonWriter& text(std::string_view name, std::string_view value);
    BsonWriter& int32(std::string_view name, std::int32_t value);
    BsonWriter& int64(std::string_view name, std::int64_t value);
    BsonWriter& boolean(std::string_view name, bool value);
    BsonWriter& timestamp(std::string_view name, BsonTimestamp value);
    BsonWriter& date_ms(std::string_view name, std::int64_t ms_since_epoch);
    BsonWriter& null(std::string_view name);
    BsonWriter& document(std::string_view name, std::string_view bytes);
    BsonWriter& array(std::string_view name, std::string_view bytes);
    /// Returns where it begins, for close().
    std::size_t open(std::string_view name, BsonType type);
    void close(std::size_t begin);

    /// The document. The writer is empty afterwards.
    std::string take();

  private:
    void open_outermost() { bytes_.assign(4, '\0'); }
    void head(BsonType type, std::string_view name);

    std::string bytes_;
};

/// A document of no fields.
constexpr std::string_view empty_document{"\5\0\0\0\0", 5};

}  // namespace dts
