// DECIMAL as the servers store it (groups of nine digits in four bytes, big-endian, the sign in the
// highest bit) to text. Format: MySQL source documentation, decimal2bin.
#pragma once

#include <string_view>

#include "lib/base/byte_reader.hpp"

namespace dts {

/// The longest text: 65 digits, a sign, a leading zero and the point.
constexpr std::size_t longest_decimal_text = 72;

/// Bytes that a DECIMAL(precision, scale) takes. Throws Error{data} for one that can not exist.
std::size_t decimal_bytes(unsigned precision, unsigned scale);

/// "-123.40": as many digits behind the point as the scale says, no needless zeros in front.
/// `raw` has decimal_bytes(precision, scale) bytes; `out` has room for longest_decimal_text.
std::string_view decimal_text(Bytes raw, unsigned precision, unsigned scale, char* out);

}  // namespace dts
