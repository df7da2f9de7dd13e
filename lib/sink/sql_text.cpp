#include "lib/sink/sql_text.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <iterator>

#include "lib/base/error.hpp"
#include "lib/client/mysql_client.hpp"

namespace dts::sql_text {

namespace {

void append_hex(std::string& out, std::string_view bytes) {
    static constexpr char digits[] = "0123456789ABCDEF";
    const std::size_t start = out.size();
    out.resize(start + 2 * bytes.size());
    char* to = out.data() + start;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        *to++ = digits[byte >> 4];
        *to++ = digits[byte & 15];
    }
}

void append_quoted(std::string& out, std::string_view text) {
    out += '\'';
    std::size_t done = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char* escape = nullptr;
        switch (text[i]) {
            case '\0':
                escape = "\\0";
                break;
            case '\n':
                escape = "\\n";
                break;
            case '\r':
                escape = "\\r";
                break;
            case '\x1a':
                escape = "\\Z";
                break;
            case '\'':
                escape = "\\'";
                break;
            case '\\':
                escape = "\\\\";
                break;
            default:
                continue;
        }
        out.append(text, done, i - done);
        out += escape;
        done = i + 1;
    }
    out.append(text, done, std::string_view::npos);
    out += '\'';
}

/// Text whose bytes are valid on a utf8mb4 connection needs no introducer.
bool is_utf8(const std::string& charset) {
    return charset.empty() || charset.starts_with("utf8") || charset == "ascii";
}

void append_text(std::string& out, std::string_view text, const std::string& charset) {
    if (text.empty()) {
        out += "''";
    } else if (is_utf8(charset)) {
        append_quoted(out, text);
    } else {
        // Hex: some character sets hold a backslash or a quote inside a character.
        fmt::format_to(std::back_inserter(out), "_{} x'", charset);
        append_hex(out, text);
        out += '\'';
    }
}

void append_fraction(std::string& out, unsigned microsecond, unsigned scale) {
    if (scale == 0 && microsecond == 0) return;
    char digits[7];
    fmt::format_to_n(digits, 7, ".{:06}", microsecond);
    out.append(digits, scale == 0 || scale > 6 ? 7 : scale + 1);
}

void append_date(std::string& out, const CivilTime& t) {
    fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}", t.year, t.month, t.day);
}

void append_datetime(std::string& out, const CivilTime& t, unsigned scale) {
    append_date(out, t);
    fmt::format_to(std::back_inserter(out), " {:02}:{:02}:{:02}", t.hour, t.minute, t.second);
    append_fraction(out, t.microsecond, scale);
}

void append_time(std::string& out, std::int64_t microseconds, unsigned scale) {
    if (microseconds < 0) out += '-';
    const auto all = static_cast<std::uint64_t>(std::abs(microseconds));
    const std::uint64_t seconds = all / 1'000'000;
    fmt::format_to(std::back_inserter(out), "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60,
                   seconds % 60);
    append_fraction(out, static_cast<unsigned>(all % 1'000'000), scale);
}

void append_assignments(std::string& out, const TableBinding& binding, const Value* row) {
    const char* separator = "";
    for (const auto& field : binding.fields) {
        if (!row[field.source].is_carried()) continue;
        out += separator;
        out += quote_identifier(binding.target_column(field).name);
        out += '=';
        append_literal(out, row[field.source], binding.source_column(field), field.by_label);
        separator = ",";
    }
}

void append_key_condition(std::string& out, const TableBinding& binding, const Value* row) {
    const char* separator = " WHERE ";
    for (const std::uint16_t ordinal : binding.key) {
        const auto& field = binding.field_of(ordinal);
        out += separator;
        out += quote_identifier(binding.target_column(field).name);
        out += '=';
        append_literal(out, row[ordinal], binding.source_column(field), field.by_label);
        separator = " AND ";
    }
}

/// The bytes of a text as the target column stores them.
void append_bytes_in(std::string& out, std::string_view text, const std::string& from,
                     const std::string& to) {
    const bool differ = from != to && !from.empty() && !to.empty() && !text.empty();
    if (differ) fmt::format_to(std::back_inserter(out), "CAST(CONVERT(_{} ", from);
    out += "x'";
    append_hex(out, text);
    out += '\'';
    if (differ) fmt::format_to(std::back_inserter(out), " USING {}) AS BINARY)", to);
}

/// Every column equal, byte for byte where a collation would call different texts equal. The plain
/// comparison stands beside the exact one so that an index can be used.
void append_exact_condition(std::string& out, const TableBinding& binding, const Value* row) {
    const char* separator = " WHERE ";
    for (const auto& field : binding.fields) {
        const Value& value = row[field.source];
        if (!value.is_carried()) continue;
        const Column& from = binding.source_column(field);
        const Column& to = binding.target_column(field);
        const std::string name = quote_identifier(to.name);
        out += separator;
        separator = " AND ";
        if (to.type == ColumnType::json && !value.is_null()) {
            fmt::format_to(std::back_inserter(out), "{}=CAST(", name);
            append_literal(out, value, from, false);
            out += " AS JSON)";
            continue;
        }
        // Servers read a SET as a signed number here: its 64th member would never match.
        const bool is_beyond_signed = to.type == ColumnType::set && !field.by_label &&
                                      value.kind() == ValueKind::uint64 &&
                                      value.as_uint64() > INT64_MAX;
        out += is_beyond_signed ? "CAST(" + name + " AS UNSIGNED)" : name;
        out += "<=>";
        append_literal(out, value, from, field.by_label);
        // A type without a character set (INET4, UUID) is not kept as its text, and compares
        // exactly.
        if (value.kind() == ValueKind::text && !from.charset.empty() && !to.charset.empty()) {
            fmt::format_to(std::back_inserter(out), " AND CAST({} AS BINARY)=", name);
            append_bytes_in(out, value.as_view(), from.charset, to.charset);
        }
    }
    out += " LIMIT 1";
}

void append_table(std::string& out, const TableBinding& binding) {
    out += quote_identifier(binding.target->schema);
    out += '.';
    out += quote_identifier(binding.target->table);
}

}  // namespace

CivilTime civil_of(const Value& timestamp) {
    using namespace std::chrono;
    const std::int64_t microseconds = timestamp.as_int64();
    if (microseconds == 0) return {};  // MySQL's zero timestamp
    const auto at = sys_time<std::chrono::microseconds>(std::chrono::microseconds(microseconds));
    const auto day = floor<days>(at);
    const year_month_day date(day);
    const hh_mm_ss time(at - day);
    return {static_cast<unsigned>(static_cast<int>(date.year())),
            static_cast<unsigned>(date.month()),
            static_cast<unsigned>(date.day()),
            static_cast<unsigned>(time.hours().count()),
            static_cast<unsigned>(time.minutes().count()),
            static_cast<unsigned>(time.seconds().count()),
            static_cast<unsigned>(time.subseconds().count())};
}

void append_civil(std::string& out, const Value& value, unsigned scale) {
    switch (value.kind()) {
        case ValueKind::date:
            append_date(out, value.as_civil());
            break;
        case ValueKind::datetime:
            append_datetime(out, value.as_civil(), scale);
            break;
        case ValueKind::time:
            append_time(out, value.as_int64(), scale);
            break;
        default:
            append_datetime(out, civil_of(value), scale);
            break;
    }
}

std::string labels_of(const Value& value, const Column& column) {
    const std::uint64_t v = value.as_uint64();
    if (column.type == ColumnType::enumeration) {
        if (v == 0) return "";
        if (v <= column.labels.size()) return column.labels[v - 1];
        throw Error(ErrorKind::data, fmt::format("column `{}` has no label {}", column.name, v));
    }
    std::string text;
    for (std::size_t i = 0; i < column.labels.size() && i < 64; ++i) {
        if ((v >> i & 1) == 0) continue;
        if (!text.empty()) text += ',';
        text += column.labels[i];
    }
    return text;
}

void append_literal(std::string& out, const Value& value, const Column& from, bool by_label) {
    switch (value.kind()) {
        case ValueKind::null:
            out += "NULL";
            return;
        case ValueKind::int64:
            fmt::format_to(std::back_inserter(out), "{}", value.as_int64());
            return;
        case ValueKind::uint64:
            if (by_label) {
                append_quoted(out, labels_of(value, from));
            } else {
                fmt::format_to(std::back_inserter(out), "{}", value.as_uint64());
            }
            return;
        case ValueKind::float32:
        case ValueKind::float64:
            fmt::format_to(std::back_inserter(out), "{:.17e}", value.as_double());
            return;
        case ValueKind::decimal:
            out += value.as_view();
            return;
        case ValueKind::text:
            append_text(out, value.as_view(), from.charset);
            return;
        case ValueKind::json:
            append_text(out, value.as_view(), "utf8mb4");
            return;
        case ValueKind::bytes:
            append_bytes_in(out, value.as_view(), {}, {});
            return;
        case ValueKind::date:
        case ValueKind::datetime:
        case ValueKind::time:
        case ValueKind::timestamp:
            out += '\'';
            append_civil(out, value, from.scale);
            out += '\'';
            return;
        case ValueKind::absent:
        case ValueKind::unchanged:
            break;
    }
    throw Error(ErrorKind::bug,
                fmt::format("no literal for a value of column `{}` that the row does "
                            "not carry",
                            from.name));
}

void append_remove_head(std::string& out, const TableBinding& binding) {
    out += "DELETE FROM ";
    append_table(out, binding);
    const bool is_composite = binding.key.size() > 1;
    const char* separator = is_composite ? " WHERE (" : " WHERE ";
    for (const std::uint16_t ordinal : binding.key) {
        out += separator + quote_identifier(binding.target_column(binding.field_of(ordinal)).name);
        separator = ",";
    }
    out += is_composite ? ") IN " : " IN ";
}

void append_key(std::string& out, const TableBinding& binding, const Value* row) {
    const bool is_composite = binding.key.size() > 1;
    const char* separator = is_composite ? "(" : "";
    for (const std::uint16_t ordinal : binding.key) {
        const auto& field = binding.field_of(ordinal);
        out += separator;
        append_literal(out, row[ordinal], binding.source_column(field), field.by_label);
        separator = ",";
    }
    if (is_composite) out += ')';
}

void append_row(std::string& out, const TableBinding& binding, const Value* row) {
    char separator = '(';
    for (const auto& field : binding.fields) {
        out += separator;
        if (row[field.source].is_carried()) {
            append_literal(out, row[field.source], binding.source_column(field), field.by_label);
        } else {
            out += "DEFAULT";
        }
        separator = ',';
    }
    out += ')';
}

void append_statement(std::string& out, const TableBinding& binding, WriteKind kind,
                      const RowWrite& row, InsertForm form) {
    switch (kind) {
        case WriteKind::insert:
        case WriteKind::upsert:
            append_insert_head(out, binding, form);
            append_row(out, binding, row.after);
            append_insert_tail(out, binding, form);
            return;
        case WriteKind::update:
        case WriteKind::update_exact:
            out += "UPDATE ";
            append_table(out, binding);
            out += " SET ";
            append_assignments(out, binding, row.after);
            break;
        case WriteKind::remove:
        case WriteKind::remove_exact:
            out += "DELETE FROM ";
            append_table(out, binding);
            break;
        case WriteKind::definition:
            throw Error(ErrorKind::bug, "a definition statement is not of a row");
        case WriteKind::truncate:  // in a transaction: TRUNCATE would commit it
            out += "DELETE FROM ";
            append_table(out, binding);
            return;
    }
    if (kind == WriteKind::update_exact || kind == WriteKind::remove_exact) {
        append_exact_condition(out, binding, row.before);
    } else {
        append_key_condition(out, binding, row.before);
    }
}

std::string describe_row(const TableBinding& binding, const Value* row) {
    std::string text;
    const auto add = [&](std::uint16_t ordinal) {
        const Column& column = binding.source->columns[ordinal];
        if (!text.empty()) text += ',';
        text += quote_identifier(column.name) + "=";
        if (!row[ordinal].is_carried()) {
            text += '?';
        } else if (row[ordinal].is_view() && row[ordinal].as_view().size() > 64) {
            text += fmt::format("({} bytes)", row[ordinal].as_view().size());
        } else {
            append_literal(text, row[ordinal], column, false);
        }
    };
    if (binding.keyless()) {
        for (std::uint16_t i = 0; i < binding.source->columns.size(); ++i) add(i);
    } else {
        for (const std::uint16_t ordinal : binding.key) add(ordinal);
    }
    return text;
}

}  // namespace dts::sql_text
