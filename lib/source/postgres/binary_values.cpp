#include "lib/source/postgres/binary_values.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>

#include "lib/base/error.hpp"
#include "lib/source/postgres/binary_float.hpp"
#include "lib/source/postgres/binary_numeric.hpp"

namespace dts {

namespace {

struct NamedForm {
    std::string_view type;
    BinaryForm form;
};

constexpr NamedForm named_forms[] = {
    {"int4", BinaryForm::int4},
    {"int8", BinaryForm::int8},
    {"int2", BinaryForm::int2},
    {"text", BinaryForm::same},
    {"varchar", BinaryForm::same},
    {"bpchar", BinaryForm::same},
    {"name", BinaryForm::same},
    {"json", BinaryForm::same},
    {"bool", BinaryForm::boolean},
    {"oid", BinaryForm::oid},
    {"float4", BinaryForm::float4},
    {"float8", BinaryForm::float8},
    {"numeric", BinaryForm::numeric},
    {"date", BinaryForm::date},
    {"time", BinaryForm::time},
    {"timestamp", BinaryForm::timestamp},
    {"timestamptz", BinaryForm::timestamptz},
    {"uuid", BinaryForm::uuid},
    {"bytea", BinaryForm::bytea},
    {"jsonb", BinaryForm::jsonb},
};

constexpr std::int64_t hour_us = 3'600'000'000;
constexpr std::int64_t day_us = 24 * hour_us;
/// A timestamptz with BC and seven digits of a year is the longest: 38.
constexpr std::size_t longest_short = 48;
static_assert(longest_float <= longest_short);

constexpr auto hex_pairs = [] {
    std::array<char, 512> pairs{};
    for (std::size_t i = 0; i < 256; ++i) {
        pairs[2 * i] = "0123456789abcdef"[i >> 4];
        pairs[2 * i + 1] = "0123456789abcdef"[i & 15];
    }
    return pairs;
}();

char* put_hex(char* out, Bytes bytes) {
    for (const std::byte b : bytes) {
        std::memcpy(out, &hex_pairs[2 * std::to_integer<std::size_t>(b)], 2);
        out += 2;
    }
    return out;
}

template <typename Integer>
char* put_integer(char* out, Integer value) {
    return std::to_chars(out, out + longest_short, value).ptr;
}

struct Day {
    std::int64_t year;  ///< 0 is 1 BC
    unsigned month, day;
};

/// Of the Gregorian calendar, at all times; days count from 2000-01-01. The years begin in March
/// here, so that a leap day is the last of one.
constexpr Day day_of(std::int64_t days) noexcept {
    constexpr std::int64_t era_days = 146'097;
    const std::int64_t from_march = days + 730'425;  // since 0000-03-01
    const std::int64_t era =
        (from_march >= 0 ? from_march : from_march - (era_days - 1)) / era_days;
    const auto of_era = static_cast<unsigned>(from_march - era * era_days);
    const unsigned year = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
    const unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
    const unsigned month = (5 * of_year + 2) / 153;
    const unsigned day = of_year - (153 * month + 2) / 5 + 1;
    const bool is_next_year = month >= 10;
    return {era * 400 + year + (is_next_year ? 1 : 0), is_next_year ? month - 9 : month + 3, day};
}
static_assert(day_of(0).year == 2000 && day_of(0).month == 1 && day_of(0).day == 1);
static_assert(day_of(59).month == 2 && day_of(59).day == 29 && day_of(-1).year == 1999);

char* put_day(char* out, const Day& day) {
    const std::int64_t year = day.year > 0 ? day.year : 1 - day.year;
    if (year < 10'000) {
        out = put_digits4(out, static_cast<unsigned>(year));
    } else {
        out = put_integer(out, year);
    }
    *out++ = '-';
    out = put_digits2(out, day.month);
    *out++ = '-';
    return put_digits2(out, day.day);
}

char* put_clock(char* out, std::uint64_t us) {
    const auto seconds = static_cast<unsigned>(us / 1'000'000);
    auto fraction = static_cast<unsigned>(us % 1'000'000);
    out = put_digits2(out, seconds / 3600);
    *out++ = ':';
    out = put_digits2(out, seconds / 60 % 60);
    *out++ = ':';
    out = put_digits2(out, seconds % 60);
    if (fraction == 0) return out;
    *out++ = '.';
    out = put_digits2(out, fraction / 10'000);
    out = put_digits4(out, fraction % 10'000);
    while (out[-1] == '0') --out;
    return out;
}

char* put_text(char* out, std::string_view text) {
    std::memcpy(out, text.data(), text.size());
    return out + text.size();
}

char* put_era(char* out, const Day& day) {
    return day.year > 0 ? out : put_text(out, " BC");
}

char* put_date(char* out, std::int32_t days) {
    using Limits = std::numeric_limits<std::int32_t>;
    if (days == Limits::min()) return put_text(out, "-infinity");
    if (days == Limits::max()) return put_text(out, "infinity");
    const Day day = day_of(days);
    return put_era(put_day(out, day), day);
}

/// The session's time zone is UTC.
char* put_timestamp(char* out, std::int64_t us, std::string_view zone) {
    using Limits = std::numeric_limits<std::int64_t>;
    if (us == Limits::min()) return put_text(out, "-infinity");
    if (us == Limits::max()) return put_text(out, "infinity");
    const std::int64_t rest = us % day_us;
    const std::int64_t of_day = rest < 0 ? rest + day_us : rest;
    const Day day = day_of(us / day_us - (rest < 0 ? 1 : 0));
    out = put_day(out, day);
    *out++ = ' ';
    out = put_clock(out, static_cast<std::uint64_t>(of_day));
    return put_era(put_text(out, zone), day);
}

/// Some servers of old took more than a day: 24:00:00.5.
char* put_time(char* out, std::int64_t us) {
    if (us < 0 || us >= 100 * hour_us)
        throw Error(ErrorKind::data, "a time that is not within a day");
    return put_clock(out, static_cast<std::uint64_t>(us));
}

char* put_boolean(char* out, std::uint8_t value) {
    if (value > 1) throw Error(ErrorKind::data, "a bool that is neither 0 nor 1");
    *out++ = value == 1 ? 't' : 'f';
    return out;
}

char* put_uuid(char* out, Bytes bytes) {
    out = put_hex(out, bytes.first(4));
    for (std::size_t at = 4; at < 10; at += 2) {
        *out++ = '-';
        out = put_hex(out, bytes.subspan(at, 2));
    }
    *out++ = '-';
    return put_hex(out, bytes.subspan(10));
}

std::string_view bytea_text(Bytes bytes, Arena& arena) {
    const auto text = arena.allocate<char>(2 + 2 * bytes.size());
    put_hex(put_text(text.data(), "\\x"), bytes);
    return {text.data(), text.size()};
}

/// A value of a few characters.
char* put_short(char* out, BinaryForm form, ByteReader& reader) {
    switch (form) {
        case BinaryForm::boolean:
            return put_boolean(out, reader.u8());
        case BinaryForm::int2:
            return put_integer(out, static_cast<std::int16_t>(reader.unsigned_be<2>()));
        case BinaryForm::int4:
            return put_integer(out, static_cast<std::int32_t>(reader.unsigned_be<4>()));
        case BinaryForm::int8:
            return put_integer(out, static_cast<std::int64_t>(reader.unsigned_be<8>()));
        case BinaryForm::oid:
            return put_integer(out, reader.unsigned_be<4>());
        case BinaryForm::float4:
            return put_float(
                out, std::bit_cast<float>(static_cast<std::uint32_t>(reader.unsigned_be<4>())));
        case BinaryForm::float8:
            return put_float(out, std::bit_cast<double>(reader.unsigned_be<8>()));
        case BinaryForm::date:
            return put_date(out, static_cast<std::int32_t>(reader.unsigned_be<4>()));
        case BinaryForm::time:
            return put_time(out, static_cast<std::int64_t>(reader.unsigned_be<8>()));
        case BinaryForm::timestamp:
            return put_timestamp(out, static_cast<std::int64_t>(reader.unsigned_be<8>()), "");
        case BinaryForm::timestamptz:
            return put_timestamp(out, static_cast<std::int64_t>(reader.unsigned_be<8>()), "+00");
        case BinaryForm::uuid:
            return put_uuid(out, reader.take(16));
        default:
            throw Error(ErrorKind::data, "a binary value of a type that is read as text");
    }
}

std::string_view read_text(BinaryForm form, ByteReader& reader, Arena& arena) {
    switch (form) {
        case BinaryForm::same:
            return as_text(reader.rest());
        case BinaryForm::jsonb:
            if (reader.u8() != 1) throw Error(ErrorKind::data, "jsonb of an unknown version");
            return as_text(reader.rest());
        case BinaryForm::bytea:
            return bytea_text(reader.rest(), arena);
        case BinaryForm::numeric:
            return numeric_text(reader, arena);
        default: {
            char text[longest_short];
            const char* end = put_short(text, form, reader);
            return arena.copy({text, static_cast<std::size_t>(end - text)});
        }
    }
}

}  // namespace

BinaryForm binary_form(std::string_view base_type) noexcept {
    for (const NamedForm& named : named_forms)
        if (named.type == base_type) return named.form;
    return BinaryForm::none;
}

std::string binary_type_names() {
    std::string names;
    for (const NamedForm& named : named_forms)
        names += fmt::format("{}'{}'", names.empty() ? "" : ", ", named.type);
    return names;
}

std::string_view binary_text(BinaryForm form, Bytes value, Arena& arena) {
    ByteReader reader(value);
    const std::string_view text = read_text(form, reader, arena);
    if (!reader.empty())
        throw Error(ErrorKind::data,
                    fmt::format("{} bytes behind the end of a value", reader.remaining()));
    return text;
}

}  // namespace dts
