// One column's value of one row: a kind and a scalar, or a view into the memory of the batch that
// carries it. Trivially copyable, 16 bytes; whoever keeps a value keeps its batch.
#pragma once

#include <cstdint>
#include <string_view>

namespace dts {

enum class ValueKind : std::uint8_t {
    absent,     ///< the row image does not carry this column
    unchanged,  ///< the source says: as it was (a TOASTed column that was not sent). Never NULL
    null,
    int64,
    uint64,  ///< also BIT, the ordinal of an ENUM, the bit mask of a SET, YEAR
    float32,
    float64,
    decimal,    ///< text: -?digits[.digits]
    text,       ///< bytes in the column's character set
    bytes,      ///< raw
    json,       ///< JSON as UTF-8 text
    date,       ///< CivilTime, date part only
    datetime,   ///< CivilTime without a zone; zero parts ("2024-00-00") are possible
    time,       ///< int64: microseconds, may be negative or above a day
    timestamp,  ///< int64: microseconds since 1970-01-01 UTC; 0 is MySQL's zero timestamp
};

/// A date and time of day as its parts in one integer, so that dates which do not exist survive:
/// year<<46 | month<<42 | day<<37 | hour<<32 | minute<<26 | second<<20 | microsecond.
struct CivilTime {
    unsigned year, month, day, hour, minute, second, microsecond;

    constexpr std::uint64_t packed() const noexcept {
        return std::uint64_t{year} << 46 | std::uint64_t{month} << 42 | std::uint64_t{day} << 37 |
               std::uint64_t{hour} << 32 | std::uint64_t{minute} << 26 |
               std::uint64_t{second} << 20 | std::uint64_t{microsecond};
    }
    static constexpr CivilTime unpack(std::uint64_t v) noexcept {
        return {static_cast<unsigned>(v >> 46),      static_cast<unsigned>(v >> 42 & 15),
                static_cast<unsigned>(v >> 37 & 31), static_cast<unsigned>(v >> 32 & 31),
                static_cast<unsigned>(v >> 26 & 63), static_cast<unsigned>(v >> 20 & 63),
                static_cast<unsigned>(v & 0xFFFFF)};
    }
};

class Value {
  public:
    constexpr Value() noexcept : integer_(0) {}
    static constexpr Value of(ValueKind kind) noexcept { return Value(kind, std::uint64_t{0}, 0); }
    static constexpr Value null() noexcept { return of(ValueKind::null); }
    static constexpr Value int64(std::int64_t v) noexcept {
        return Value(ValueKind::int64, static_cast<std::uint64_t>(v), 0);
    }
    static constexpr Value uint64(std::uint64_t v) noexcept {
        return Value(ValueKind::uint64, v, 0);
    }
    static constexpr Value float32(float v) noexcept {
        return Value(ValueKind::float32, double{v});
    }
    static constexpr Value float64(double v) noexcept { return Value(ValueKind::float64, v); }
    static constexpr Value date(CivilTime v) noexcept {
        return Value(ValueKind::date, v.packed(), 0);
    }
    static constexpr Value datetime(CivilTime v) noexcept {
        return Value(ValueKind::datetime, v.packed(), 0);
    }
    static constexpr Value time(std::int64_t microseconds) noexcept {
        return Value(ValueKind::time, static_cast<std::uint64_t>(microseconds), 0);
    }
    static constexpr Value timestamp(std::int64_t microseconds) noexcept {
        return Value(ValueKind::timestamp, static_cast<std::uint64_t>(microseconds), 0);
    }
    /// kind: decimal, text, bytes or json. At most 4 GiB - 1.
    static constexpr Value view(ValueKind kind, std::string_view v) noexcept {
        return Value(kind, v);
    }

    constexpr ValueKind kind() const noexcept { return kind_; }
    constexpr bool is_null() const noexcept { return kind_ == ValueKind::null; }
    /// False for absent and unchanged: the row says nothing of this column.
    constexpr bool is_carried() const noexcept { return kind_ >= ValueKind::null; }
    constexpr bool is_view() const noexcept {
        return kind_ >= ValueKind::decimal && kind_ <= ValueKind::json;
    }

    constexpr std::int64_t as_int64() const noexcept { return static_cast<std::int64_t>(integer_); }
    constexpr std::uint64_t as_uint64() const noexcept { return integer_; }
    constexpr double as_double() const noexcept { return number_; }
    constexpr CivilTime as_civil() const noexcept { return CivilTime::unpack(integer_); }
    constexpr std::string_view as_view() const noexcept { return {text_, length_}; }

    /// The same kind and the same bytes; floats by their bits, so NaN equals itself.
    friend bool operator==(const Value& a, const Value& b) noexcept {
        if (a.kind_ != b.kind_) return false;
        return a.is_view() ? a.as_view() == b.as_view() : a.integer_ == b.integer_;
    }

  private:
    constexpr Value(ValueKind kind, std::uint64_t v, int) noexcept : integer_(v), kind_(kind) {}
    constexpr Value(ValueKind kind, double v) noexcept : number_(v), kind_(kind) {}
    constexpr Value(ValueKind kind, std::string_view v) noexcept
        : text_(v.data()), length_(static_cast<std::uint32_t>(v.size())), kind_(kind) {}

    union {
        std::uint64_t integer_;
        double number_;
        const char* text_;
    };
    std::uint32_t length_ = 0;
    ValueKind kind_ = ValueKind::absent;
};
static_assert(sizeof(Value) == 16);

}  // namespace dts
