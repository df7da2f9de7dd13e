#include "lib/source/postgres/binary_float.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string_view>

#include "lib/source/postgres/binary_numeric.hpp"

namespace dts {

namespace {

/// digits * 10^exponent
struct Decimal {
    std::uint64_t digits;
    int exponent;
};

constexpr std::size_t longest_digits = 20;

template <typename Float>
struct Format;
template <>
struct Format<double> {
    using Bits = std::uint64_t;
    static constexpr int mantissa_bits = 52, bias = 1075;
    static constexpr int first_scientific = 15;  ///< decimal exponent, when it is not too small
};
template <>
struct Format<float> {
    using Bits = std::uint32_t;
    static constexpr int mantissa_bits = 23, bias = 150;
    static constexpr int first_scientific = 6;
};

/// mantissa * 2^exponent, of a number above 0.
struct Binary {
    std::uint64_t mantissa;
    int exponent;
    bool has_near_lower;  ///< the next lower number is half as far away as the next higher one
};

template <typename Float>
Binary parts_of(Float value) {
    using Of = Format<Float>;
    const std::uint64_t bits = std::bit_cast<typename Of::Bits>(value);
    const std::uint64_t implied = std::uint64_t{1} << Of::mantissa_bits;
    const std::uint64_t mantissa = bits & (implied - 1);
    const int exponent = static_cast<int>(bits >> Of::mantissa_bits);
    if (exponent == 0) return {mantissa, 1 - Of::bias, false};
    return {mantissa | implied, exponent - Of::bias, mantissa == 0 && exponent > 1};
}

/// Is it odd * 2^shift?
bool is_equal(const Decimal& decimal, std::uint64_t odd, int shift) {
    __extension__ using Wide = unsigned __int128;
    constexpr int most_fives = 27;  // 5^28 has more than 64 bits
    const int zeros = std::countr_zero(decimal.digits);
    if (std::abs(decimal.exponent) > most_fives || zeros + decimal.exponent != shift) return false;
    Wide fives = 1;
    for (int i = 0; i < std::abs(decimal.exponent); ++i) fives *= 5;
    const Wide digits = decimal.digits >> zeros;
    return decimal.exponent >= 0 ? digits * fives == odd : odd * fives == digits;
}

/// On which side it is as far from the value as from the next one: -1, 1, or 0 for neither.
template <typename Float>
int bound_of(const Decimal& decimal, Float value) {
    const Binary of = parts_of(value);
    if (is_equal(decimal, 2 * of.mantissa + 1, of.exponent - 1)) return 1;
    const bool is_lower = of.has_near_lower
                              ? is_equal(decimal, 4 * of.mantissa - 1, of.exponent - 2)
                              : is_equal(decimal, 2 * of.mantissa - 1, of.exponent - 1);
    return is_lower ? -1 : 0;
}

/// "1.25e-07"
Decimal read_scientific(const char* text, const char* end) {
    Decimal decimal{0, 0};
    int behind_point = -1;
    for (; *text != 'e'; ++text) {
        if (*text == '.') {
            behind_point = 0;
            continue;
        }
        decimal.digits = decimal.digits * 10 + static_cast<std::uint64_t>(*text - '0');
        if (behind_point >= 0) ++behind_point;
    }
    const bool is_small = *++text == '-';
    std::from_chars(text + 1, end, decimal.exponent);
    decimal.exponent =
        (is_small ? -decimal.exponent : decimal.exponent) - std::max(0, behind_point);
    return decimal;
}

template <typename Float>
int side_of(const Decimal& decimal, Float value) {
    char text[48];
    char* end = std::to_chars(text, text + longest_digits, decimal.digits).ptr;
    *end++ = 'e';
    end = std::to_chars(end, text + sizeof text, decimal.exponent).ptr;
    Float read = value > 1 ? std::numeric_limits<Float>::infinity() : 0;
    std::from_chars(text, end, read);
    return read < value ? -1 : read > value ? 1 : bound_of(decimal, value);
}

/// The one with the fewest digits that is nearer to the value than to any other, of these the
/// nearest. std::to_chars() also takes what is just as near to another one, where reading gives the
/// value back; the server does not (STRICTLY_SHORTEST in its ryu_common.h).
template <typename Float>
Decimal shortest(Float value) {
    char text[48];
    char* end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
    const Decimal first = read_scientific(text, end);
    if (bound_of(first, value) == 0) return first;
    int digits = std::max(1, static_cast<int>(std::find(text, end, 'e') - text) - 1);
    Decimal nearest = first;
    for (; digits <= std::numeric_limits<Float>::max_digits10; ++digits) {
        end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific,
                            digits - 1)
                  .ptr;
        nearest = read_scientific(text, end);
        const int side = side_of(nearest, value);
        if (side == 0) break;
        // The nearest on the other side.
        nearest.digits -= static_cast<std::uint64_t>(std::int64_t{side});
        if (side_of(nearest, value) == 0) break;
    }
    while (nearest.digits % 10 == 0) {
        nearest.digits /= 10;
        ++nearest.exponent;
    }
    return nearest;
}

char* put(char* out, std::string_view text) {
    std::memcpy(out, text.data(), text.size());
    return out + text.size();
}

char* put_zeros(char* out, int count) {
    for (; count > 0; --count) *out++ = '0';
    return out;
}

/// `exponent` is that of the first digit.
char* put_fixed(char* out, std::string_view digits, int exponent) {
    if (exponent < 0) return put(put_zeros(put(out, "0."), -exponent - 1), digits);
    const auto whole = static_cast<std::size_t>(exponent) + 1;
    if (digits.size() <= whole)
        return put_zeros(put(out, digits), static_cast<int>(whole - digits.size()));
    out = put(out, digits.substr(0, whole));
    *out++ = '.';
    return put(out, digits.substr(whole));
}

char* put_scientific(char* out, std::string_view digits, int exponent) {
    *out++ = digits[0];
    if (digits.size() > 1) {
        *out++ = '.';
        out = put(out, digits.substr(1));
    }
    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    const auto size = static_cast<unsigned>(std::abs(exponent));
    if (size >= 100) *out++ = static_cast<char>('0' + size / 100);
    return put_digits2(out, size % 100);
}

template <typename Float>
char* put_any(char* out, Float value) {
    if (std::isnan(value)) return put(out, "NaN");
    if (std::signbit(value)) *out++ = '-';
    value = std::fabs(value);
    if (std::isinf(value)) return put(out, "Infinity");
    if (value == 0) return put(out, "0");
    const Decimal decimal = shortest(value);
    char text[longest_digits];
    const std::string_view digits(
        text, static_cast<std::size_t>(std::to_chars(text, text + sizeof text, decimal.digits).ptr -
                                       text));
    const int exponent = decimal.exponent + static_cast<int>(digits.size()) - 1;
    const bool is_fixed = exponent >= -4 && exponent < Format<Float>::first_scientific;
    return is_fixed ? put_fixed(out, digits, exponent) : put_scientific(out, digits, exponent);
}

}  // namespace

char* put_float(char* out, double value) {
    return put_any(out, value);
}

char* put_float(char* out, float value) {
    return put_any(out, value);
}

}  // namespace dts
