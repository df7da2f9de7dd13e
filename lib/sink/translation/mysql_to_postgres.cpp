// What MySQL and MariaDB say, as the text that Postgres reads.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>

#include "lib/base/error.hpp"
#include "lib/sink/sql_text.hpp"
#include "lib/sink/translation/value_translation.hpp"

namespace dts {

namespace {

Value text_of(std::string_view text, Arena& arena) {
    return Value::view(ValueKind::text, arena.copy(text));
}

[[noreturn]] void refuse(std::string_view why, std::string_view hint) {
    throw Error(ErrorKind::data, std::string(why), std::string(hint));
}

// Values, one function for each row of the table below.

struct Range {
    std::int64_t least, most;
};

Range range_of(std::string_view type) {
    if (type == "int2") return {INT16_MIN, INT16_MAX};
    if (type == "int4") return {INT32_MIN, INT32_MAX};
    return {INT64_MIN, INT64_MAX};
}

Value integer(const Value& value, const ValueTranslation& rule, Arena& arena) {
    const auto [least, most] = range_of(rule.to.base_type);
    const bool fits = value.kind() == ValueKind::uint64
                          ? value.as_uint64() <= static_cast<std::uint64_t>(most)
                          : value.as_int64() >= least && value.as_int64() <= most;
    if (!fits) {
        refuse("it is out of that type's range",
               "give the target column a wider type (bigint; numeric(20) for BIGINT UNSIGNED)");
    }
    return value.kind() == ValueKind::uint64 ? text_of(fmt::format("{}", value.as_uint64()), arena)
                                             : text_of(fmt::format("{}", value.as_int64()), arena);
}

/// As the target will print it, with all digits behind the point: rows without a key are found by
/// that text.
Value with_scale(std::string text, const Column& to, Arena& arena) {
    const int scale = numeric_scale(to).value_or(0);
    const auto point = text.find('.');
    const auto digits = point == std::string::npos ? 0 : static_cast<int>(text.size() - point) - 1;
    if (digits < scale) {
        if (point == std::string::npos) text += '.';
        text.append(static_cast<std::size_t>(scale - digits), '0');
    }
    return text_of(text, arena);
}

Value number(const Value& value, const ValueTranslation& rule, Arena& arena) {
    return with_scale(value.kind() == ValueKind::uint64 ? fmt::format("{}", value.as_uint64())
                                                        : fmt::format("{}", value.as_int64()),
                      rule.to, arena);
}

Value decimal(const Value& value, const ValueTranslation& rule, Arena& arena) {
    return with_scale(std::string(value.as_view()), rule.to, arena);
}

Value boolean(const Value& value, const ValueTranslation&, Arena& arena) {
    if (value.as_uint64() > 1)
        refuse("it is neither 0 nor 1", "make the target column a smallint, or correct the row");
    return text_of(value.as_uint64() == 1 ? "t" : "f", arena);
}

Value floating(const Value& value, const ValueTranslation& rule, Arena& arena) {
    // A FLOAT in double precision is the very number, not its shortest text.
    if (rule.to.base_type == "float4")
        return text_of(fmt::format("{}", static_cast<float>(value.as_double())), arena);
    return text_of(fmt::format("{}", value.as_double()), arena);
}

Value bits(const Value& value, const ValueTranslation& rule, Arena& arena) {
    std::string text(rule.from.length, '0');
    for (std::size_t i = 0; i < text.size(); ++i) {
        if ((value.as_uint64() >> (text.size() - 1 - i) & 1) != 0) text[i] = '1';
    }
    return text_of(text, arena);
}

void require_real_date(const CivilTime& t) {
    using namespace std::chrono;
    const year_month_day date(year(static_cast<int>(t.year)), month(t.month), day(t.day));
    if (t.year != 0 && date.ok()) return;
    refuse("it is no date that exists",
           "make the target column text, which keeps it, or set it to NULL or a real date at the "
           "source (sql_mode NO_ZERO_DATE and NO_ZERO_IN_DATE keep such dates out)");
}

Value civil(const Value& value, const ValueTranslation& rule, Arena& arena) {
    if (value.kind() != ValueKind::timestamp || value.as_int64() == 0) {
        require_real_date(value.kind() == ValueKind::timestamp ? CivilTime{} : value.as_civil());
    }
    std::string text;
    sql_text::append_civil(text, value, rule.from.scale);
    if (rule.to.base_type == "timestamptz") text += "+00";
    return text_of(text, arena);
}

Value time_of_day(const Value& value, const ValueTranslation& rule, Arena& arena) {
    constexpr std::int64_t day_us = 86'400'000'000;
    if (value.as_int64() < 0 || value.as_int64() > day_us)
        refuse("it is no time of day", "make the target column an interval");
    std::string text;
    sql_text::append_civil(text, value, rule.from.scale);
    return text_of(text, arena);
}

Value interval(const Value& value, const ValueTranslation& rule, Arena& arena) {
    std::string text;
    sql_text::append_civil(text, value, rule.from.scale);
    return text_of(text, arena);
}

/// What Postgres would cut silently, spaces, or could not hold.
void require_storable(std::string_view text, const Column& to) {
    if (text.find('\0') != std::string_view::npos)
        refuse("it holds a zero byte, which no text of Postgres can",
               "make the columns binary (BLOB to bytea), or correct the row at the source");
    if (to.base_type == "bpchar" && text.ends_with(' '))
        refuse("the spaces at its end would mean nothing there",
               "make the target column text or varchar");
    if (to.base_type != "varchar" || to.type_modifier < 4) return;
    const auto most = static_cast<std::size_t>(to.type_modifier - 4);
    if (text.size() <= most) return;
    const auto characters =
        static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
            return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
        }));
    if (characters > most)
        refuse(fmt::format("it has {} characters", characters), "widen the target column");
}

Value text(const Value& value, const ValueTranslation& rule, Arena& arena) {
    const std::string_view utf8 =
        rule.decoder ? arena.copy(rule.decoder->decode(value.as_view())) : value.as_view();
    require_storable(utf8, rule.to);
    return Value::view(ValueKind::text, utf8);
}

Value labels(const Value& value, const ValueTranslation& rule, Arena& arena) {
    const std::string label = sql_text::labels_of(value, rule.from);
    require_storable(label, rule.to);
    return text_of(label, arena);
}

/// As MySQL prints it, also what is no date.
Value printed(const Value& value, const ValueTranslation& rule, Arena& arena) {
    std::string text;
    sql_text::append_civil(text, value, rule.from.scale);
    require_storable(text, rule.to);
    return text_of(text, arena);
}

Value hex_bytes(const Value& value, const ValueTranslation&, Arena& arena) {
    std::string out = "\\x";
    out.reserve(2 + 2 * value.as_view().size());
    for (const char c : value.as_view()) {
        constexpr char digits[] = "0123456789abcdef";
        out += digits[static_cast<unsigned char>(c) >> 4];
        out += digits[static_cast<unsigned char>(c) & 15];
    }
    return text_of(out, arena);
}

// Columns: what a rule asks of lengths and digits. Throws.

using Check = void (*)(const Column& from, const Column& to);

void any(const Column&, const Column&) {}

void same_scale(const Column& from, const Column& to) {
    const auto scale = numeric_scale(to);
    if (!scale || *scale >= from.scale) return;
    refuse("the target would round what is behind the point",
           fmt::format("make the target column numeric({},{})", from.precision, from.scale));
}

void same_fraction(const Column& from, const Column& to) {
    if (fraction_digits(to) >= from.scale) return;
    refuse("the target would round fractions of a second", "give the target column as many digits");
}

/// An interval may have fewer digits, and may be of some fields alone: the rest is cut.
void whole_interval(const Column& from, const Column& to) {
    constexpr std::int32_t all_fields = 0x7FFF, all_digits = 0xFFFF;
    if (to.type_modifier < 0) return;
    const auto digits = to.type_modifier & all_digits;
    if ((to.type_modifier >> 16 & 0x7FFF) == all_fields &&
        (digits == all_digits || digits >= from.scale))
        return;
    refuse("the target would cut a part of it",
           "make the target column an interval without limits");
}

void same_length(const Column& from, const Column& to) {
    const auto length = to.type_modifier;  // of bit and varbit: the bits; -1: any (varbit)
    const bool fits = to.base_type == "bit"
                          ? length == static_cast<std::int32_t>(from.length)
                          : length < 0 || length >= static_cast<std::int32_t>(from.length);
    if (!fits)
        refuse("the lengths differ", fmt::format("make the target column bit({})", from.length));
}

void one_bit(const Column& from, const Column&) {
    if (from.length != 1) refuse("it has more than one bit", "use bit(n) in the target");
}

struct Rule {
    ColumnType from;
    std::initializer_list<std::string_view> to;
    ValueTranslation::Function function;
    Check check = any;
};

const std::initializer_list<std::string_view> integers = {"int2", "int4", "int8"};
const std::initializer_list<std::string_view> texts = {"text", "varchar", "bpchar"};

const Rule rules[] = {
    {ColumnType::int8, integers, integer},
    {ColumnType::int16, integers, integer},
    {ColumnType::int24, integers, integer},
    {ColumnType::int32, integers, integer},
    {ColumnType::int64, integers, integer},
    {ColumnType::year, integers, integer},
    {ColumnType::bit, integers, integer},
    {ColumnType::int8, {"numeric", "float8"}, number, same_scale},
    {ColumnType::int16, {"numeric", "float8"}, number, same_scale},
    {ColumnType::int24, {"numeric", "float8"}, number, same_scale},
    {ColumnType::int32, {"numeric", "float8"}, number, same_scale},
    {ColumnType::int64, {"numeric"}, number, same_scale},
    {ColumnType::int8, {"bool"}, boolean},
    {ColumnType::bit, {"bool"}, boolean, one_bit},
    {ColumnType::bit, {"bit", "varbit"}, bits, same_length},
    {ColumnType::float32, {"float4", "float8"}, floating},
    {ColumnType::float64, {"float8"}, floating},
    {ColumnType::decimal, {"numeric"}, decimal, same_scale},
    {ColumnType::date, {"date"}, civil},
    {ColumnType::datetime, {"timestamp", "timestamptz"}, civil, same_fraction},
    {ColumnType::timestamp, {"timestamp", "timestamptz"}, civil, same_fraction},
    {ColumnType::time, {"time"}, time_of_day, same_fraction},
    {ColumnType::time, {"interval"}, interval, whole_interval},
    {ColumnType::date, texts, printed},
    {ColumnType::datetime, texts, printed},
    {ColumnType::timestamp, texts, printed},
    {ColumnType::time, texts, printed},
    {ColumnType::text, texts, text},
    {ColumnType::text, {"json", "jsonb", "uuid", "inet", "cidr", "macaddr", "xml", "enum"}, text},
    {ColumnType::enumeration, texts, labels},
    {ColumnType::enumeration, {"enum"}, labels},
    {ColumnType::set, texts, labels},
    {ColumnType::bytes, {"bytea"}, hex_bytes},
    {ColumnType::json, texts, text},
    {ColumnType::json, {"json", "jsonb"}, text},
};

/// citext may be in any schema.
std::string_view plain_type(const Column& to) {
    return to.base_type.ends_with(".citext") ? std::string_view("text") : to.base_type;
}

}  // namespace

std::optional<ValueTranslation> mysql_to_postgres(const Column& from, const Column& to) {
    const auto rule = std::find_if(std::begin(rules), std::end(rules), [&](const Rule& r) {
        return r.from == from.type &&
               std::find(r.to.begin(), r.to.end(), plain_type(to)) != r.to.end();
    });
    if (rule == std::end(rules)) return std::nullopt;
    rule->check(from, to);
    ValueTranslation translation{rule->function, from, to, to, nullptr, KeyText::any};
    if (from.type == ColumnType::text && !CharsetDecoder::is_utf8(from.charset)) {
        translation.decoder = CharsetDecoder::find(from.charset);
        if (!translation.decoder) {
            refuse(fmt::format("the character set {} is not known here", from.charset),
                   "convert the column to utf8mb4 at the source");
        }
    }
    return translation;
}

}  // namespace dts
