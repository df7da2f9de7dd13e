// The text that Postgres prints, as what MySQL and MariaDB read.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>

#include "lib/base/error.hpp"
#include "lib/sink/translation/json_numbers.hpp"
#include "lib/sink/translation/postgres_literal.hpp"
#include "lib/sink/translation/value_translation.hpp"

namespace dts {

namespace {

/// Without the schema of a type that is none of pg_catalog.
std::string_view bare_name(std::string_view type) {
    return type.substr(type.rfind('.') + 1);
}

[[noreturn]] void refuse(std::string_view why, std::string_view hint = {}) {
    throw Error(ErrorKind::data, std::string(why), std::string(hint));
}

// Values, one function for each row of the table below.

template <typename T>
T number_in(std::string_view text) {
    T number{};
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
        refuse("it is no number in that type's range");
    return number;
}

unsigned bits_of(const Column& column) {
    switch (column.type) {
        case ColumnType::int8:
            return 8;
        case ColumnType::int16:
            return 16;
        case ColumnType::int24:
            return 24;
        case ColumnType::int32:
            return 32;
        default:
            return 64;
    }
}

Value integer(const Value& value, const ValueTranslation& rule, Arena&) {
    const auto number = number_in<std::int64_t>(value.as_view());
    const unsigned bits = bits_of(rule.to);
    const bool is_unsigned = rule.to.is_unsigned;
    const std::int64_t most =
        bits == 64 ? INT64_MAX : (std::int64_t{1} << (is_unsigned ? bits : bits - 1)) - 1;
    const std::int64_t least = is_unsigned ? 0 : bits == 64 ? INT64_MIN : -most - 1;
    if (number < least || number > most)
        refuse("it is out of that type's range", "give the target column a wider type");
    return is_unsigned ? Value::uint64(static_cast<std::uint64_t>(number)) : Value::int64(number);
}

Value year(const Value& value, const ValueTranslation&, Arena&) {
    const auto number = number_in<std::int64_t>(value.as_view());
    // 1 to 99 would be taken for years of this century and the last.
    if (number != 0 && (number < 1901 || number > 2155))
        refuse("YEAR holds 0 and 1901 to 2155", "make the target column a SMALLINT");
    return Value::uint64(static_cast<std::uint64_t>(number));
}

Value boolean(const Value& value, const ValueTranslation& rule, Arena&) {
    const bool is_true = value.as_view() == "t";
    const bool is_unsigned = rule.written.type == ColumnType::bit || rule.written.is_unsigned;
    return is_unsigned ? Value::uint64(is_true ? 1 : 0) : Value::int64(is_true ? 1 : 0);
}

template <typename T>
T finite(std::string_view text) {
    if (text == "NaN" || text.ends_with("Infinity"))
        refuse("MySQL has neither NaN nor infinity", "set it to NULL or a number at the source");
    return number_in<T>(text);
}

Value floating(const Value& value, const ValueTranslation& rule, Arena&) {
    if (rule.to.type == ColumnType::float32) return Value::float32(finite<float>(value.as_view()));
    // A real in double precision is the very number, not its shortest text.
    if (rule.from.base_type == "float4")
        return Value::float64(double{finite<float>(value.as_view())});
    return Value::float64(finite<double>(value.as_view()));
}

Value decimal(const Value& value, const ValueTranslation& rule, Arena&) {
    const std::string_view text = value.as_view();
    if (text == "NaN" || text.ends_with("Infinity"))
        refuse("DECIMAL has neither NaN nor infinity", "set it to NULL or a number at the source");
    const auto point = text.find('.');
    const auto last = text.find_last_not_of('0');
    if (point != std::string_view::npos && last != std::string_view::npos && last > point &&
        last - point > rule.to.scale) {
        refuse("the target would round what is behind the point",
               "give the target column more digits behind the point");
    }
    // Beyond these are zeros, which a server counts as digits all the same.
    const auto kept = point == std::string_view::npos ? text.size() : point + 1 + rule.to.scale;
    return Value::view(ValueKind::decimal, text.substr(0, rule.to.scale == 0 ? point : kept));
}

std::size_t characters_of(std::string_view utf8) {
    return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
}

/// MySQL cuts spaces at the end of a text silently, in strict mode too: those of a CHAR, and those
/// beyond the length of any type.
void require_storable(std::string_view text, const Column& to) {
    const bool is_char = to.type_name == "char";
    if (is_char && text.ends_with(' '))
        refuse("a CHAR loses the spaces at its end", "make the target column a VARCHAR");
    if (to.length == 0 || text.size() <= to.length) return;
    const bool counts_characters = is_char || to.type_name == "varchar";
    if (!counts_characters && !to.charset.starts_with("utf8")) return;  // not its bytes there
    const std::size_t length = counts_characters ? characters_of(text) : text.size();
    if (length > to.length)
        refuse(fmt::format("it has {} {}", length, counts_characters ? "characters" : "bytes"),
               "widen the target column");
}

Value stored_text(std::string_view text, const Column& to) {
    require_storable(text, to);
    return Value::view(ValueKind::text, text);
}

/// The spaces that fill a char(n) are no part of its value.
std::string_view without_fill(const Value& value, const Column& from) {
    const std::string_view text = value.as_view();
    return from.base_type == "bpchar" ? text.substr(0, text.find_last_not_of(' ') + 1) : text;
}

Value text(const Value& value, const ValueTranslation& rule, Arena&) {
    return stored_text(without_fill(value, rule.from), rule.to);
}

/// MySQL would take a label in another case too, and a number for a label's place.
Value label(const Value& value, const ValueTranslation& rule, Arena&) {
    const std::string_view text = without_fill(value, rule.from);
    const auto& labels = rule.to.labels;
    if (std::find(labels.begin(), labels.end(), text) == labels.end())
        refuse("it is none of the target column's labels", "add the label to the target's ENUM");
    return Value::view(ValueKind::text, text);
}

/// A JSON type of MySQL's keeps values, MariaDB's is a text.
Value stored_json(std::string_view json, const Column& to) {
    if (to.type == ColumnType::text) return stored_text(json, to);
    require_numbers_of_mysql(json);
    return Value::view(ValueKind::json, json);
}

Value json(const Value& value, const ValueTranslation& rule, Arena&) {
    return stored_json(value.as_view(), rule.to);
}

Value array(const Value& value, const ValueTranslation& rule, Arena& arena) {
    const std::string_view element = bare_name(rule.from.base_type).substr(1);
    const auto written = postgres_literal::json_of_array(value.as_view(), element);
    return stored_json(arena.copy(written), rule.to);
}

unsigned nibble(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
    refuse("it is no bytea as Postgres prints them");
}

Value bytes(const Value& value, const ValueTranslation& rule, Arena& arena) {
    std::string_view hex = value.as_view();
    if (!hex.starts_with("\\x") || hex.size() % 2 != 0)
        refuse("it is no bytea as Postgres prints them");
    hex.remove_prefix(2);
    if (rule.to.length != 0 && hex.size() != 2 * std::size_t{rule.to.length})
        refuse(
            fmt::format("it has {} bytes, and MySQL would fill it up with zeros", hex.size() / 2),
            "make the target column a VARBINARY");
    const auto out = arena.allocate<char>(hex.size() / 2);
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<char>(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    }
    return Value::view(ValueKind::bytes, {out.data(), out.size()});
}

Value bits(const Value& value, const ValueTranslation&, Arena&) {
    std::uint64_t number = 0;
    for (const char c : value.as_view()) number = number << 1 | (c == '1' ? 1U : 0U);
    return Value::uint64(number);
}

void require_fraction(unsigned microseconds, const Column& to) {
    unsigned rest = 1;
    for (unsigned digits = to.scale; digits < 6; ++digits) rest *= 10;
    if (microseconds % rest != 0)
        refuse("the target would round the fraction of its second",
               "give the target column as many digits, as DATETIME(6) has");
}

Value date(const Value& value, const ValueTranslation&, Arena&) {
    return Value::date(postgres_literal::read_civil(value.as_view()));
}

Value moment(const Value& value, const ValueTranslation& rule, Arena&) {
    const CivilTime t = postgres_literal::read_civil(value.as_view());
    require_fraction(t.microsecond, rule.to);
    if (rule.to.type == ColumnType::datetime) return Value::datetime(t);
    const std::int64_t us = postgres_literal::epoch_us(t);
    if (us < 1'000'000)
        refuse("TIMESTAMP begins with 1970-01-01 00:00:01", "make the target column a DATETIME");
    return Value::timestamp(us);
}

Value time_of_day(const Value& value, const ValueTranslation& rule, Arena&) {
    const std::int64_t us = postgres_literal::read_time(value.as_view());
    require_fraction(static_cast<unsigned>(us % 1'000'000), rule.to);
    return Value::time(us);
}

// Columns: what a rule asks of lengths and digits. Throws.

using Check = void (*)(const Column& from, const Column& to);

void any(const Column&, const Column&) {}

void same_scale(const Column& from, const Column& to) {
    const auto scale = numeric_scale(from);
    if (!scale || *scale <= to.scale) return;
    refuse("the target would round what is behind the point",
           fmt::format("make the target column DECIMAL({},{})",
                       std::min(65, int{to.precision} + *scale - to.scale), *scale));
}

void one_bit(const Column&, const Column& to) {
    if (to.length != 1) refuse("it has more than one bit", "make the target column TINYINT(1)");
}

void has_bits(const Column& from, const Column& to) {
    if (from.type_modifier > 0 && from.type_modifier <= static_cast<std::int32_t>(to.length))
        return;
    refuse("the target has fewer bits, or the source's length is not known",
           "make the target column BIT of that length, at most 64; or a text");
}

struct Rule {
    std::initializer_list<std::string_view> from;
    std::initializer_list<ColumnType> to;
    ValueTranslation::Function function;
    Check check = any;
};

const std::initializer_list<std::string_view> integers = {"int2", "int4", "int8"};
const std::initializer_list<ColumnType> integer_columns = {
    ColumnType::int8, ColumnType::int16, ColumnType::int24, ColumnType::int32, ColumnType::int64};

const Rule rules[] = {
    {integers, integer_columns, integer},
    {{"oid"}, {ColumnType::int64}, integer},
    {integers, {ColumnType::year}, year},
    {integers, {ColumnType::decimal}, decimal},
    {{"bool"}, integer_columns, boolean},
    {{"bool"}, {ColumnType::bit}, boolean, one_bit},
    {{"float4"}, {ColumnType::float32, ColumnType::float64}, floating},
    {{"float8"}, {ColumnType::float64}, floating},
    {{"numeric"}, {ColumnType::decimal}, decimal, same_scale},
    {{"bytea"}, {ColumnType::bytes}, bytes},
    {{"json", "jsonb"}, {ColumnType::json, ColumnType::text}, json},
    {{"date"}, {ColumnType::date}, date},
    {{"timestamp", "timestamptz"}, {ColumnType::datetime, ColumnType::timestamp}, moment},
    {{"time"}, {ColumnType::time}, time_of_day},
    {{"bit"}, {ColumnType::bit}, bits, has_bits},
    {{"text", "varchar", "bpchar"}, {ColumnType::enumeration}, label},
};

/// Types of pg_catalog whose values are not written as their text.
constexpr std::string_view never_text[] = {"bytea", "bool"};
/// Elements of arrays that are separated by another sign than a comma, or that print as bytes.
constexpr std::string_view never_json[] = {"_box", "_bytea", "_geometry", "_geography"};

bool is_one_of(std::span<const std::string_view> names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_array(std::string_view type) {
    return bare_name(type).starts_with('_');
}

/// What is beside the table: arrays become JSON, and any other type the text that Postgres prints.
ValueTranslation::Function as_text(const Column& from, const Column& to) {
    const std::string_view type = from.base_type;
    if (is_array(type)) {
        const bool holds_json = to.type == ColumnType::json || to.type == ColumnType::text;
        return holds_json && !is_one_of(never_json, bare_name(type)) ? array : nullptr;
    }
    if (to.type == ColumnType::text) return is_one_of(never_text, type) ? nullptr : text;
    const bool is_of_user = type.find('.') != std::string_view::npos;
    return to.type == ColumnType::enumeration && is_of_user ? label : nullptr;
}

/// The values as a MySQL server would have described them.
Column written_as(const Column& to) {
    Column written = to;
    written.collation.clear();
    if (to.type == ColumnType::enumeration) written.type = ColumnType::text;
    if (written.type == ColumnType::text && !to.charset.empty()) written.charset = "utf8mb4";
    return written;
}

}  // namespace

std::optional<ValueTranslation> postgres_to_mysql(const Column& from, const Column& to) {
    ValueTranslation translation{nullptr, from, to, written_as(to), nullptr, KeyText::any};
    const auto rule = std::find_if(std::begin(rules), std::end(rules), [&](const Rule& r) {
        return std::find(r.from.begin(), r.from.end(), from.base_type) != r.from.end() &&
               std::find(r.to.begin(), r.to.end(), to.type) != r.to.end();
    });
    if (rule != std::end(rules)) {
        rule->check(from, to);
        translation.function = rule->function;
    } else {
        translation.function = as_text(from, to);
    }
    if (translation.function == nullptr) return std::nullopt;
    return translation;
}

}  // namespace dts
