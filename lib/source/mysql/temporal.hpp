// The servers' dates and times, as they stand in rows and inside JSON: packed bits to the parts or
// microseconds that a Value holds. Formats: MySQL source documentation, my_time.cc; MariaDB's own
// fractional ones ("hires", with mysql56_temporal_format=OFF) after its sql/field.cc.
#pragma once

#include <cstdint>

#include "lib/base/byte_reader.hpp"
#include "lib/change/value.hpp"

namespace dts {

/// Bytes of the fraction of TIME2, DATETIME2 and TIMESTAMP2 with that many digits (0 to 6).
constexpr std::size_t fraction_bytes(unsigned digits) noexcept {
    return (digits + 1) / 2;
}

/// Of MariaDB's older formats with that many digits; whole values, not the fraction alone.
constexpr std::size_t hires_time_bytes(unsigned digits) noexcept {
    constexpr std::uint8_t bytes[] = {3, 4, 4, 5, 5, 5, 6};
    return bytes[digits];
}
constexpr std::size_t hires_datetime_bytes(unsigned digits) noexcept {
    constexpr std::uint8_t bytes[] = {8, 6, 6, 7, 7, 7, 8};
    return bytes[digits];
}
constexpr std::size_t hires_timestamp_bytes(unsigned digits) noexcept {
    constexpr std::uint8_t bytes[] = {4, 5, 5, 6, 6, 7, 7};
    return bytes[digits];
}

Value read_date(ByteReader& reader);
Value read_year(ByteReader& reader);
Value read_time2(ByteReader& reader, unsigned digits);
Value read_datetime2(ByteReader& reader, unsigned digits);
Value read_timestamp2(ByteReader& reader, unsigned digits);
/// The formats of before 5.6, without a fraction.
Value read_old_time(ByteReader& reader);
Value read_old_datetime(ByteReader& reader);
Value read_old_timestamp(ByteReader& reader);
/// MariaDB's, with 1 to 6 digits.
Value read_hires_time(ByteReader& reader, unsigned digits);
Value read_hires_datetime(ByteReader& reader, unsigned digits);
Value read_hires_timestamp(ByteReader& reader, unsigned digits);

/// The 64 bits of a DATETIME inside JSON: (year*13+month, day, time of day) and 24 bits of
/// microseconds.
CivilTime unpack_datetime(std::int64_t packed) noexcept;
/// The same of a TIME: microseconds, may be negative.
std::int64_t unpack_time(std::int64_t packed) noexcept;

}  // namespace dts
