#include "lib/source/mysql/temporal.hpp"

#include <bit>

namespace dts {

namespace {

constexpr std::int64_t us_per_second = 1'000'000;
constexpr unsigned powers_of_ten[] = {1, 10, 100, 1'000, 10'000, 100'000, 1'000'000};

/// A big-endian integer of a length known at run time (1 to 8).
std::uint64_t read_big_endian(ByteReader& reader, std::size_t bytes) {
    std::uint64_t value = 0;
    for (const std::byte byte : reader.take(bytes))
        value = value << 8 | std::to_integer<std::uint64_t>(byte);
    return value;
}

/// Microseconds; the fraction is stored in units of its last *even* digit.
unsigned read_fraction(ByteReader& reader, unsigned digits) {
    const std::size_t bytes = fraction_bytes(digits);
    const auto raw = static_cast<unsigned>(read_big_endian(reader, bytes));
    return raw * powers_of_ten[6 - 2 * bytes];
}

constexpr std::int64_t microseconds(std::uint64_t hours, std::uint64_t minutes,
                                    std::uint64_t seconds, std::uint64_t us) {
    return static_cast<std::int64_t>(
        (hours * 3600 + minutes * 60 + seconds) * static_cast<std::uint64_t>(us_per_second) + us);
}

/// hour:10 minute:6 second:6
constexpr std::int64_t unpack_time_of_day(std::uint64_t bits, std::uint64_t us) {
    return microseconds(bits >> 12 & 0x3FF, bits >> 6 & 0x3F, bits & 0x3F, us);
}

/// year*13+month:17 day:5 hour:5 minute:6 second:6
constexpr CivilTime unpack_civil(std::uint64_t bits, unsigned us) {
    const auto part = [bits](int shift, unsigned mask) {
        return static_cast<unsigned>(bits >> shift) & mask;
    };
    const unsigned year_month = part(22, 0x1FFFF);
    return {year_month / 13,
            year_month % 13,
            part(17, 0x1F),
            part(12, 0x1F),
            part(6, 0x3F),
            part(0, 0x3F),
            us};
}

}  // namespace

Value read_date(ByteReader& reader) {
    const std::uint32_t bits = reader.u24();
    return Value::date({bits >> 9, bits >> 5 & 0xF, bits & 0x1F, 0, 0, 0, 0});
}

Value read_year(ByteReader& reader) {
    const std::uint8_t year = reader.u8();
    return Value::uint64(year == 0 ? 0 : 1900u + year);
}

Value read_time2(ByteReader& reader, unsigned digits) {
    // Seconds and fraction are one signed number; counted from the middle of its range.
    const std::size_t fraction = fraction_bytes(digits);
    const auto middle = std::int64_t{1} << (23 + 8 * fraction);
    const auto raw = static_cast<std::int64_t>(read_big_endian(reader, 3 + fraction)) - middle;
    const auto size = static_cast<std::uint64_t>(raw < 0 ? -raw : raw);
    const std::uint64_t part = size & ((std::uint64_t{1} << (8 * fraction)) - 1);
    const auto time =
        unpack_time_of_day(size >> (8 * fraction), part * powers_of_ten[6 - 2 * fraction]);
    return Value::time(raw < 0 ? -time : time);
}

Value read_datetime2(ByteReader& reader, unsigned digits) {
    const std::uint64_t bits = reader.unsigned_be<5>() & 0x7FFFFFFFFF;  // the highest bit is a sign
    return Value::datetime(unpack_civil(bits, read_fraction(reader, digits)));
}

Value read_timestamp2(ByteReader& reader, unsigned digits) {
    const auto seconds = static_cast<std::int64_t>(reader.unsigned_be<4>());
    return Value::timestamp(seconds * us_per_second + read_fraction(reader, digits));
}

Value read_old_time(ByteReader& reader) {
    // 24 bits, signed: hhmmss as a decimal number
    const auto raw = static_cast<std::int32_t>(reader.u24() << 8) >> 8;
    const auto size = static_cast<std::uint64_t>(raw < 0 ? -raw : raw);
    const auto time = microseconds(size / 10'000, size / 100 % 100, size % 100, 0);
    return Value::time(raw < 0 ? -time : time);
}

Value read_old_datetime(ByteReader& reader) {
    const std::uint64_t number = reader.u64();  // YYYYMMDDhhmmss
    const auto part = [number](std::uint64_t divisor, std::uint64_t modulus) {
        return static_cast<unsigned>(number / divisor % modulus);
    };
    return Value::datetime({part(10'000'000'000, 10'000), part(100'000'000, 100),
                            part(1'000'000, 100), part(10'000, 100), part(100, 100), part(1, 100),
                            0});
}

Value read_old_timestamp(ByteReader& reader) {
    return Value::timestamp(std::int64_t{reader.u32()} * us_per_second);
}

Value read_hires_time(ByteReader& reader, unsigned digits) {
    constexpr std::int64_t middle = (838 * 3600 + 59 * 60 + 59 + 1) * us_per_second;
    const auto unit = static_cast<std::int64_t>(powers_of_ten[6 - digits]);
    const auto raw = static_cast<std::int64_t>(read_big_endian(reader, hires_time_bytes(digits)));
    return Value::time((raw - middle / unit) * unit);
}

Value read_hires_datetime(ByteReader& reader, unsigned digits) {
    const std::uint64_t unit = powers_of_ten[6 - digits];
    std::uint64_t rest = read_big_endian(reader, hires_datetime_bytes(digits)) * unit;
    const auto pop = [&rest](std::uint64_t base) {
        const auto part = static_cast<unsigned>(rest % base);
        rest /= base;
        return part;
    };
    CivilTime time{};
    time.microsecond = pop(1'000'000);
    time.second = pop(60);
    time.minute = pop(60);
    time.hour = pop(24);
    time.day = pop(32);
    time.month = pop(13);
    time.year = static_cast<unsigned>(rest);
    return Value::datetime(time);
}

Value read_hires_timestamp(ByteReader& reader, unsigned digits) {
    const auto seconds = static_cast<std::int64_t>(reader.unsigned_be<4>());
    const auto fraction =
        static_cast<std::int64_t>(read_big_endian(reader, hires_timestamp_bytes(digits) - 4));
    return Value::timestamp(seconds * us_per_second + fraction * powers_of_ten[6 - digits]);
}

CivilTime unpack_datetime(std::int64_t packed) noexcept {
    const auto bits = static_cast<std::uint64_t>(packed);
    const std::uint64_t size = packed < 0 ? ~bits + 1 : bits;
    return unpack_civil(size >> 24, static_cast<unsigned>(size & 0xFFFFFF));
}

std::int64_t unpack_time(std::int64_t packed) noexcept {
    const auto bits = static_cast<std::uint64_t>(packed);
    const std::uint64_t size = packed < 0 ? ~bits + 1 : bits;
    const auto time = unpack_time_of_day(size >> 24, size & 0xFFFFFF);
    return packed < 0 ? -time : time;
}

}  // namespace dts
