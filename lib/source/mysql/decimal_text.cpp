#include "lib/source/mysql/decimal_text.hpp"

#include <fmt/format.h>

#include <array>

#include "lib/base/error.hpp"

namespace dts {

namespace {

constexpr unsigned digits_per_group = 9;
constexpr unsigned most_digits = 65;
/// Bytes for a group that is not full, by its digits.
constexpr std::array<std::uint8_t, 10> bytes_of_digits{0, 1, 1, 2, 2, 3, 3, 4, 4, 4};

void put_digits(char* out, std::uint32_t value, unsigned digits) {
    for (unsigned i = digits; i > 0; --i) {
        out[i - 1] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
}

/// Groups of digits from the front of the bytes, with the sign's inversion taken out.
class GroupReader {
  public:
    GroupReader(Bytes raw, std::uint8_t mask) : next_(raw.data()), mask_(mask) {}

    char* put(char* out, unsigned digits) {
        std::uint32_t value = 0;
        for (unsigned i = 0; i < bytes_of_digits[digits]; ++i) {
            auto byte = static_cast<std::uint8_t>(std::to_integer<std::uint8_t>(*next_++) ^ mask_);
            if (first_) byte ^= 0x80;
            first_ = false;
            value = value << 8 | byte;
        }
        put_digits(out, value, digits);
        return out + digits;
    }

  private:
    const std::byte* next_;
    std::uint8_t mask_;
    bool first_ = true;
};

}  // namespace

std::size_t decimal_bytes(unsigned precision, unsigned scale) {
    if (precision == 0 || precision > most_digits || scale > precision)
        throw Error(ErrorKind::data, fmt::format("a DECIMAL({},{})", precision, scale));
    const unsigned whole = precision - scale;
    return whole / digits_per_group * 4 + bytes_of_digits[whole % digits_per_group] +
           scale / digits_per_group * 4 + bytes_of_digits[scale % digits_per_group];
}

std::string_view decimal_text(Bytes raw, unsigned precision, unsigned scale, char* out) {
    const bool negative = (std::to_integer<unsigned>(raw[0]) & 0x80) == 0;
    GroupReader groups(raw, negative ? 0xFF : 0);
    const unsigned whole = precision - scale;

    char digits[longest_decimal_text];
    char* end = digits;
    if (whole % digits_per_group != 0) end = groups.put(end, whole % digits_per_group);
    for (unsigned i = 0; i < whole / digits_per_group; ++i) end = groups.put(end, digits_per_group);
    const char* start = digits;
    while (start != end && *start == '0') ++start;

    char* to = out;
    if (negative) *to++ = '-';
    if (start == end) *to++ = '0';
    to = std::copy(start, static_cast<const char*>(end), to);
    if (scale > 0) {
        *to++ = '.';
        for (unsigned i = 0; i < scale / digits_per_group; ++i)
            to = groups.put(to, digits_per_group);
        if (scale % digits_per_group != 0) to = groups.put(to, scale % digits_per_group);
    }
    return {out, static_cast<std::size_t>(to - out)};
}

}  // namespace dts
