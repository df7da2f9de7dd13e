#include "lib/source/postgres/binary_numeric.hpp"

#include <fmt/format.h>

#include <charconv>

#include "lib/base/error.hpp"

namespace dts {

namespace {

constexpr unsigned group_digits = 4;  ///< decimal digits of one of the numeric's own
constexpr unsigned longest_scale = 0x3FFF;

enum Sign : unsigned {
    positive = 0,
    negative = 0x4000,
    nan = 0xC000,
    infinite = 0xD000,
    negative_infinite = 0xF000,
};

/// Digits of base 10,000, each in two bytes; the first one counts 10,000^weight.
class Groups {
  public:
    explicit Groups(Bytes bytes) : bytes_(bytes) {}

    /// 0 for those that are left out before and behind what is sent.
    unsigned at(int index) const {
        if (index < 0 || static_cast<std::size_t>(index) >= bytes_.size() / 2) return 0;
        const auto from = 2 * static_cast<std::size_t>(index);
        const unsigned group = std::to_integer<unsigned>(bytes_[from]) << 8 |
                               std::to_integer<unsigned>(bytes_[from + 1]);
        if (group > 9999)
            throw Error(ErrorKind::data, fmt::format("a numeric with the digit {}", group));
        return group;
    }

  private:
    Bytes bytes_;
};

unsigned decimal_digits(unsigned group) noexcept {
    return group < 10 ? 1 : group < 100 ? 2 : group < 1000 ? 3 : 4;
}

char* put_whole(char* out, const Groups& groups, int weight) {
    if (weight < 0) {
        *out++ = '0';
        return out;
    }
    out = std::to_chars(out, out + group_digits, groups.at(0)).ptr;
    for (int i = 1; i <= weight; ++i) out = put_digits4(out, groups.at(i));
    return out;
}

char* put_fraction(char* out, const Groups& groups, int weight, unsigned scale) {
    int i = weight + 1;
    for (; scale >= group_digits; scale -= group_digits) out = put_digits4(out, groups.at(i++));
    if (scale == 0) return out;
    char last[group_digits];
    put_digits4(last, groups.at(i));
    std::memcpy(out, last, scale);
    return out + scale;
}

}  // namespace

std::string_view numeric_text(ByteReader& reader, Arena& arena) {
    const auto count = static_cast<std::size_t>(reader.unsigned_be<2>());
    const int weight = static_cast<std::int16_t>(reader.unsigned_be<2>());
    const auto sign = static_cast<unsigned>(reader.unsigned_be<2>());
    const auto scale = static_cast<unsigned>(reader.unsigned_be<2>());
    const Groups groups(reader.take(2 * count));
    switch (sign) {
        case positive:
        case negative:
            break;
        case nan:
            return "NaN";
        case infinite:
            return "Infinity";
        case negative_infinite:
            return "-Infinity";
        default:
            throw Error(ErrorKind::data, fmt::format("a numeric with the sign {}", sign));
    }
    if (scale > longest_scale)
        throw Error(ErrorKind::data, fmt::format("a numeric of the scale {}", scale));
    const std::size_t length =
        (sign == negative ? 1 : 0) +
        (weight < 0 ? 1
                    : decimal_digits(groups.at(0)) + group_digits * static_cast<unsigned>(weight)) +
        (scale > 0 ? 1 + scale : 0);
    const auto text = arena.allocate<char>(length);
    char* out = text.data();
    if (sign == negative) *out++ = '-';
    out = put_whole(out, groups, weight);
    if (scale > 0) {
        *out++ = '.';
        put_fraction(out, groups, weight, scale);
    }
    return {text.data(), text.size()};
}

}  // namespace dts
