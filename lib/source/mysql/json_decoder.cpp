#include "lib/source/mysql/json_decoder.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <iterator>

#include "lib/base/error.hpp"
#include "lib/source/mysql/decimal_text.hpp"
#include "lib/source/mysql/table_map.hpp"
#include "lib/source/mysql/temporal.hpp"

namespace dts {

namespace {

constexpr unsigned most_depth = 128;  // the server allows 100

enum class JsonType : std::uint8_t {
    small_object = 0,
    large_object = 1,
    small_array = 2,
    large_array = 3,
    literal = 4,
    int16 = 5,
    uint16 = 6,
    int32 = 7,
    uint32 = 8,
    int64 = 9,
    uint64 = 10,
    float64 = 11,
    string = 12,
    opaque = 15,
};

[[noreturn]] void fail(std::string_view what) {
    throw Error(ErrorKind::data, fmt::format("a JSON value can not be read: {}", what));
}

/// A length of seven bits a byte, the lowest first.
std::size_t read_length(ByteReader& reader) {
    std::size_t length = 0;
    for (int shift = 0; shift < 35; shift += 7) {
        const std::uint8_t byte = reader.u8();
        length |= static_cast<std::size_t>(byte & 0x7F) << shift;
        if ((byte & 0x80) == 0) return length;
    }
    fail("a length of more than five bytes");
}

void append_quoted(std::string_view text, std::string& out) {
    out += '"';
    std::size_t plain = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20) continue;
        out.append(text, plain, i - plain);
        plain = i + 1;
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\f':
                out += "\\f";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        }
    }
    out.append(text, plain);
    out += '"';
}

void append_base64(std::string_view bytes, std::string& out) {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t here = std::min<std::size_t>(3, bytes.size() - i);
        unsigned group = 0;
        for (std::size_t j = 0; j < 3; ++j)
            group = group << 8 | (j < here ? static_cast<unsigned char>(bytes[i + j]) : 0u);
        for (std::size_t j = 0; j < 4; ++j)
            out += j <= here ? alphabet[group >> (18 - 6 * j) & 63] : '=';
    }
}

/// The shortest text that reads back the same, and as a floating point number.
void append_double(double value, std::string& out) {
    if (!std::isfinite(value)) fail("a number that is not finite");
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    const std::string_view number(text, static_cast<std::size_t>(end - text));
    const auto exponent = number.find('e');
    out += number.substr(0, exponent);
    if (exponent == std::string_view::npos) {
        if (number.find('.') == std::string_view::npos) out += ".0";
        return;
    }
    // "e+07" is "e7" with the servers.
    out += 'e';
    if (number[exponent + 1] == '-') out += '-';
    out += number.substr(number.find_first_not_of("+-0", exponent + 1));
}

class JsonPrinter {
  public:
    JsonPrinter(std::size_t document_bytes, std::string& out)
        : out_(out), budget_(document_bytes) {}

    /// `from` begins at the value and ends with the container that holds it.
    void print(JsonType type, Bytes from, unsigned depth) {
        ByteReader reader(from);
        switch (type) {
            case JsonType::small_object:
            case JsonType::large_object:
            case JsonType::small_array:
            case JsonType::large_array:
                return print_container(type, from, depth);
            case JsonType::literal:
                return print_literal(reader.u8());
            case JsonType::int16:
                return print_number(static_cast<std::int16_t>(reader.u16()));
            case JsonType::uint16:
                return print_number(reader.u16());
            case JsonType::int32:
                return print_number(static_cast<std::int32_t>(reader.u32()));
            case JsonType::uint32:
                return print_number(reader.u32());
            case JsonType::int64:
                return print_number(static_cast<std::int64_t>(reader.u64()));
            case JsonType::uint64:
                return print_number(reader.u64());
            case JsonType::float64:
                return append_double(std::bit_cast<double>(reader.u64()), out_);
            case JsonType::string:
                return append_quoted(read_text(reader), out_);
            case JsonType::opaque:
                return print_opaque(reader);
        }
        fail(fmt::format("unknown type {}", static_cast<unsigned>(type)));
    }

  private:
    template <typename Number>
    void print_number(Number value) {
        fmt::format_to(std::back_inserter(out_), "{}", value);
    }

    void print_literal(std::uint8_t literal) {
        constexpr std::string_view names[] = {"null", "true", "false"};
        if (literal > 2) fail(fmt::format("unknown literal {}", literal));
        out_ += names[literal];
    }

    std::string_view read_text(ByteReader& reader) {
        const std::size_t length = read_length(reader);
        spend(length);
        return reader.text(length);
    }

    /// Values of a document do not overlap: what is printed of it is bounded by its own size, which
    /// ends a document made to point at itself.
    void spend(std::size_t bytes) {
        if (bytes > budget_) fail("its parts overlap");
        budget_ -= bytes;
    }

    void print_container(JsonType type, Bytes from, unsigned depth) {
        if (depth > most_depth) fail("nested too deep");
        const bool large = type == JsonType::large_object || type == JsonType::large_array;
        const bool object = type == JsonType::small_object || type == JsonType::large_object;
        const auto read_offset = [large](ByteReader& reader) -> std::size_t {
            return large ? reader.u32() : reader.u16();
        };
        const std::size_t offset_bytes = large ? 4 : 2;

        ByteReader reader(from);
        const std::size_t count = read_offset(reader);
        const std::size_t size = read_offset(reader);
        if (size > from.size()) fail("a container is larger than what holds it");
        const Bytes container = from.first(size);
        const std::size_t entries = 2 * offset_bytes;
        const std::size_t key_bytes = object ? offset_bytes + 2 : 0;
        const std::size_t value_bytes = offset_bytes + 1;
        spend(count * (key_bytes + value_bytes));
        ByteReader keys(section(container, entries, count * key_bytes));
        ByteReader values(section(container, entries + count * key_bytes, count * value_bytes));

        out_ += object ? '{' : '[';
        for (std::size_t i = 0; i < count; ++i) {
            if (i != 0) out_ += ", ";
            if (object) {
                const std::size_t offset = read_offset(keys);
                const std::size_t length = keys.u16();
                spend(length);
                append_quoted(as_text(section(container, offset, length)), out_);
                out_ += ": ";
            }
            const auto value_type = static_cast<JsonType>(values.u8());
            const Bytes inlined = values.peek();
            const std::size_t offset = read_offset(values);
            if (is_inlined(value_type, large)) {
                print(value_type, inlined.first(offset_bytes), depth + 1);
            } else {
                if (offset < entries || offset > size) fail("an offset leaves its container");
                print(value_type, container.subspan(offset), depth + 1);
            }
        }
        out_ += object ? '}' : ']';
    }

    static bool is_inlined(JsonType type, bool large) {
        switch (type) {
            case JsonType::literal:
            case JsonType::int16:
            case JsonType::uint16:
                return true;
            case JsonType::int32:
            case JsonType::uint32:
                return large;
            default:
                return false;
        }
    }

    static Bytes section(Bytes container, std::size_t offset, std::size_t length) {
        if (offset > container.size() || length > container.size() - offset)
            fail("an offset leaves its container");
        return container.subspan(offset, length);
    }

    /// A value of an SQL type that JSON has no own kind for.
    void print_opaque(ByteReader& reader) {
        const auto type = static_cast<WireType>(reader.u8());
        const std::string_view raw = read_text(reader);
        ByteReader value(std::as_bytes(std::span(raw)));
        switch (type) {
            case WireType::decimal: {
                const unsigned precision = value.u8();
                const unsigned scale = value.u8();
                char text[longest_decimal_text];
                out_ += decimal_text(value.take(decimal_bytes(precision, scale)), precision, scale,
                                     text);
                return;
            }
            case WireType::date:
            case WireType::new_date: {
                const CivilTime t = unpack_datetime(static_cast<std::int64_t>(value.u64()));
                fmt::format_to(std::back_inserter(out_), "\"{:04}-{:02}-{:02}\"", t.year, t.month,
                               t.day);
                return;
            }
            case WireType::datetime:
            case WireType::timestamp: {
                const CivilTime t = unpack_datetime(static_cast<std::int64_t>(value.u64()));
                fmt::format_to(std::back_inserter(out_),
                               "\"{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}\"", t.year, t.month,
                               t.day, t.hour, t.minute, t.second, t.microsecond);
                return;
            }
            case WireType::time: {
                const std::int64_t time = unpack_time(static_cast<std::int64_t>(value.u64()));
                const std::int64_t size = time < 0 ? -time : time;
                const std::int64_t seconds = size / 1'000'000;
                fmt::format_to(std::back_inserter(out_), "\"{}{:02}:{:02}:{:02}.{:06}\"",
                               time < 0 ? "-" : "", seconds / 3600, seconds / 60 % 60, seconds % 60,
                               size % 1'000'000);
                return;
            }
            default:
                fmt::format_to(std::back_inserter(out_),
                               "\"base64:type{}:", static_cast<unsigned>(type));
                append_base64(raw, out_);
                out_ += '"';
        }
    }

    std::string& out_;
    std::size_t budget_;
};

}  // namespace

void append_json_text(Bytes document, std::string& out) {
    if (document.empty()) {
        out += "null";  // what the server takes an empty value for
        return;
    }
    JsonPrinter printer(document.size(), out);
    printer.print(static_cast<JsonType>(document[0]), document.subspan(1), 0);
}

}  // namespace dts
