// The text of a numeric that the server sends in binary, with all the digits behind the point that
// it was written with; and how digits are put.
#pragma once

#include <array>
#include <cstring>
#include <string_view>

#include "lib/base/arena.hpp"
#include "lib/base/byte_reader.hpp"

namespace dts {

inline constexpr auto digit_pairs = [] {
    std::array<char, 200> pairs{};
    for (std::size_t i = 0; i < 100; ++i) {
        pairs[2 * i] = static_cast<char>('0' + i / 10);
        pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return pairs;
}();

/// REQUIRES value < 100. Behind what was put, as the next one.
inline char* put_digits2(char* out, unsigned value) noexcept {
    std::memcpy(out, &digit_pairs[2 * value], 2);
    return out + 2;
}

/// REQUIRES value < 10'000.
inline char* put_digits4(char* out, unsigned value) noexcept {
    return put_digits2(put_digits2(out, value / 100), value % 100);
}

/// Format: numeric_send() and get_str_from_var() of PostgreSQL's numeric.c. In the arena. Throws
/// Error{data} for what is none.
std::string_view numeric_text(ByteReader& reader, Arena& arena);

}  // namespace dts
