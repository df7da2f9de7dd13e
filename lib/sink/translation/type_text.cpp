// The part of value_translation that reads what columns say of their types.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "lib/sink/translation/value_translation.hpp"

namespace dts {

namespace {

constexpr std::int32_t header_bytes = 4;  // VARHDRSZ, which numeric's and varchar's modifiers count

std::string_view mysql_name(ColumnType type) {
    switch (type) {
        case ColumnType::int8:
            return "TINYINT";
        case ColumnType::int16:
            return "SMALLINT";
        case ColumnType::int24:
            return "MEDIUMINT";
        case ColumnType::int32:
            return "INT";
        case ColumnType::int64:
            return "BIGINT";
        case ColumnType::float32:
            return "FLOAT";
        case ColumnType::float64:
            return "DOUBLE";
        case ColumnType::decimal:
            return "DECIMAL";
        case ColumnType::bit:
            return "BIT";
        case ColumnType::year:
            return "YEAR";
        case ColumnType::date:
            return "DATE";
        case ColumnType::time:
            return "TIME";
        case ColumnType::datetime:
            return "DATETIME";
        case ColumnType::timestamp:
            return "TIMESTAMP";
        case ColumnType::text:
            return "text";
        case ColumnType::bytes:
            return "binary";
        case ColumnType::json:
            return "JSON";
        case ColumnType::enumeration:
            return "ENUM";
        case ColumnType::set:
            return "SET";
        case ColumnType::geometry:
            return "GEOMETRY";
    }
    return "?";
}

/// As the target's catalog names it: "VARCHAR(10) in utf8mb4", "TINYTEXT in latin1", "BINARY(4)".
std::string named_type_text(const Column& column) {
    std::string text = column.type_name;
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (!text.ends_with("TEXT") && column.length != 0) text += fmt::format("({})", column.length);
    if (!column.charset.empty()) text += " in " + column.charset;
    return text;
}

std::string mysql_type_text(const Column& column) {
    const auto name = mysql_name(column.type);
    switch (column.type) {
        case ColumnType::decimal:
            return fmt::format("{}({},{})", name, column.precision, column.scale);
        case ColumnType::bit:
            return fmt::format("{}({})", name, column.length);
        case ColumnType::time:
        case ColumnType::datetime:
        case ColumnType::timestamp:
            return fmt::format("{}({})", name, column.scale);
        case ColumnType::bytes:
            if (!column.type_name.empty()) return named_type_text(column);
            return std::string(name);
        case ColumnType::text:
            if (!column.type_name.empty()) return named_type_text(column);
            return column.charset.empty() ? std::string(name)
                                          : fmt::format("{} in {}", name, column.charset);
        default:
            return fmt::format("{}{}", name, column.is_unsigned ? " UNSIGNED" : "");
    }
}

}  // namespace

std::optional<int> numeric_scale(const Column& column) noexcept {
    if (column.type_modifier < header_bytes) return std::nullopt;
    return (((column.type_modifier - header_bytes) & 0x7FF) ^ 1024) - 1024;
}

unsigned fraction_digits(const Column& column) noexcept {
    if (column.base_type.empty()) return column.scale;
    return column.type_modifier < 0 ? 6 : static_cast<unsigned>(column.type_modifier);
}

std::string type_text(const Column& column) {
    if (column.base_type.empty()) return mysql_type_text(column);
    const std::string& name = column.type_name;
    const std::int32_t modifier = column.type_modifier;
    if (modifier < 0) return name;
    if (column.base_type == "numeric") {
        return fmt::format("{}({},{})", name, (modifier - header_bytes) >> 16 & 0xFFFF,
                           *numeric_scale(column));
    }
    const bool is_text = column.base_type == "varchar" || column.base_type == "bpchar";
    return fmt::format("{}({})", name, is_text ? modifier - header_bytes : modifier);
}

}  // namespace dts
