#include "lib/sink/mysql_bulk.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstring>
#include <mysql.h>

#include "lib/base/error.hpp"
#include "lib/client/mysql_client.hpp"

namespace dts {

namespace {

bool is_connection_charset(const Column& column) {
    return column.charset.empty() || column.charset.starts_with("utf8") ||
           column.charset == "ascii";
}

bool is_text(const Column& column) {
    return column.type == ColumnType::text;
}

/// The target's column holds text in the very bytes that travel. It takes them as binary, and
/// checks them when it stores them; a parameter that is text is looked through once more, character
/// by character, which costs a wide row more than all else that is done with its parameters. A
/// condition needs text: binary is compared without a collation.
bool is_stored_as_sent(const Column& from, const Column& to) {
    if (to.type != ColumnType::text || to.charset.empty()) return false;  // UUID has no charset
    if (from.type == ColumnType::json) return to.charset == "utf8mb4";
    return is_text(from) && from.charset == to.charset;
}

std::uint8_t wire_type_of(const Column& column, bool by_label) {
    switch (column.type) {
        case ColumnType::enumeration:
        case ColumnType::set:
            return by_label ? MYSQL_TYPE_STRING : MYSQL_TYPE_LONGLONG;
        case ColumnType::int8:
        case ColumnType::int16:
        case ColumnType::int24:
        case ColumnType::int32:
        case ColumnType::int64:
        case ColumnType::bit:
        case ColumnType::year:
            return MYSQL_TYPE_LONGLONG;
        case ColumnType::float32:
        case ColumnType::float64:
            return MYSQL_TYPE_DOUBLE;
        case ColumnType::decimal:
            return MYSQL_TYPE_NEWDECIMAL;
        case ColumnType::date:
        case ColumnType::datetime:
        case ColumnType::timestamp:
            return MYSQL_TYPE_DATETIME;
        case ColumnType::time:
            return MYSQL_TYPE_TIME;
        case ColumnType::text:
            return is_connection_charset(column) ? MYSQL_TYPE_STRING : MYSQL_TYPE_BLOB;
        case ColumnType::json:
            return MYSQL_TYPE_STRING;
        case ColumnType::bytes:
        case ColumnType::geometry:
            return MYSQL_TYPE_BLOB;
    }
    return MYSQL_TYPE_STRING;
}

template <typename T>
void append_raw(std::string& out, T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    out.append(bytes, sizeof(T));
}

void append_length(std::string& out, std::size_t length) {
    if (length < 251) {
        out += static_cast<char>(length);
    } else if (length < 1 << 16) {
        out += '\xFC';
        append_raw(out, static_cast<std::uint16_t>(length));
    } else if (length < 1 << 24) {
        out += '\xFD';
        append_raw(out, static_cast<std::uint16_t>(length));
        out += static_cast<char>(length >> 16);
    } else {
        out += '\xFE';
        append_raw(out, static_cast<std::uint64_t>(length));
    }
}

void append_lenenc(std::string& out, std::string_view text) {
    append_length(out, text.size());
    out += text;
}

void append_civil(std::string& out, const CivilTime& t) {
    const bool has_time = (t.hour | t.minute | t.second | t.microsecond) != 0;
    out += static_cast<char>(t.microsecond != 0 ? 11 : has_time ? 7 : 4);
    append_raw(out, static_cast<std::uint16_t>(t.year));
    out += static_cast<char>(t.month);
    out += static_cast<char>(t.day);
    if (!has_time) return;
    out += static_cast<char>(t.hour);
    out += static_cast<char>(t.minute);
    out += static_cast<char>(t.second);
    if (t.microsecond != 0) append_raw(out, static_cast<std::uint32_t>(t.microsecond));
}

void append_time(std::string& out, std::int64_t microseconds) {
    const auto all = static_cast<std::uint64_t>(microseconds < 0 ? -microseconds : microseconds);
    const std::uint64_t seconds = all / 1'000'000;
    const auto fraction = static_cast<std::uint32_t>(all % 1'000'000);
    out += static_cast<char>(fraction != 0 ? 12 : 8);
    out += static_cast<char>(microseconds < 0 ? 1 : 0);
    append_raw(out, static_cast<std::uint32_t>(seconds / 86400));
    out += static_cast<char>(seconds / 3600 % 24);
    out += static_cast<char>(seconds / 60 % 60);
    out += static_cast<char>(seconds % 60);
    if (fraction != 0) append_raw(out, fraction);
}

}  // namespace

bool BulkStatement::is_possible(const TableBinding& binding, WriteKind kind) {
    if (kind == WriteKind::update_exact || kind == WriteKind::remove_exact) return false;
    if (kind == WriteKind::insert || kind == WriteKind::upsert) return true;
    for (const std::uint16_t ordinal : binding.key) {
        const Column& column = binding.source->columns[ordinal];
        if (is_text(column) && !is_connection_charset(column)) return false;
    }
    return true;
}

BulkStatement::BulkStatement(TableBindingPtr binding, WriteKind kind, sql_text::InsertForm form)
    : binding_(std::move(binding)) {
    const TableBinding& b = *binding_;
    const std::string table =
        quote_identifier(b.target->schema) + "." + quote_identifier(b.target->table);
    if (kind == WriteKind::remove) {
        sql_ = "DELETE FROM " + table;
        add_key_condition();
        return;
    }

    std::string places, assignments;
    for (const auto& field : b.fields) {
        parameters_.push_back(parameter(field, false));
        const Column& from = b.source_column(field);
        const bool as_sent = is_stored_as_sent(from, b.target_column(field));
        if (as_sent) parameters_.back().wire_type = MYSQL_TYPE_BLOB;
        // Other bytes of another character set than the connection's travel as binary too, and are
        // labelled there.
        const std::string place = !as_sent && is_text(from) && !is_connection_charset(from)
                                      ? "CONVERT(? USING " + from.charset + ")"
                                      : "?";
        const char* comma = places.empty() ? "" : ",";
        places += comma + place;
        assignments += comma + quote_identifier(b.target_column(field).name) + "=" + place;
    }
    if (kind == WriteKind::update) {
        sql_ = "UPDATE " + table + " SET " + assignments;
        add_key_condition();
        return;
    }
    sql_text::append_insert_head(sql_, b, form);
    sql_ += "(" + places + ")";
    sql_text::append_insert_tail(sql_, b, form);
}

void BulkStatement::add_key_condition() {
    const char* separator = " WHERE ";
    for (const std::uint16_t ordinal : binding_->key) {
        const auto& field = binding_->field_of(ordinal);
        sql_ += separator + quote_identifier(binding_->target_column(field).name) + "=?";
        parameters_.push_back(parameter(field, true));
        separator = " AND ";
    }
}

BulkStatement::Parameter BulkStatement::parameter(const TableBinding::Field& field,
                                                  bool of_before) const {
    const Column& column = binding_->source_column(field);
    const bool is_unsigned =
        column.is_unsigned || column.type == ColumnType::bit || column.type == ColumnType::year ||
        column.type == ColumnType::enumeration || column.type == ColumnType::set;
    return {field.source, of_before, field.by_label, is_unsigned,
            wire_type_of(column, field.by_label)};
}

void BulkStatement::append_head(std::string& out) const {
    constexpr std::uint16_t send_types = 128;
    append_raw(out, std::uint32_t{0});  // the statement's id
    append_raw(out, send_types);
    for (const Parameter& p : parameters_) {
        out += static_cast<char>(p.wire_type);
        out += p.is_unsigned && p.wire_type == MYSQL_TYPE_LONGLONG ? '\x80' : '\0';
    }
}

void BulkStatement::append_row(std::string& out, const RowWrite& row) const {
    for (const Parameter& p : parameters_) {
        append_value(out, p,
                     (p.of_before || row.after == nullptr ? row.before : row.after)[p.ordinal]);
    }
}

void BulkStatement::append_value(std::string& out, const Parameter& p, const Value& value) const {
    constexpr char given = 0, null = 1;
    if (value.is_null()) {
        out += null;
        return;
    }
    out += given;
    switch (value.kind()) {
        case ValueKind::int64:
        case ValueKind::uint64:
            if (p.by_label) {
                append_lenenc(out,
                              sql_text::labels_of(value, binding_->source->columns[p.ordinal]));
            } else {
                append_raw(out, value.as_uint64());
            }
            return;
        case ValueKind::float32:
        case ValueKind::float64:
            append_raw(out, value.as_double());
            return;
        case ValueKind::decimal:
        case ValueKind::text:
        case ValueKind::bytes:
        case ValueKind::json:
            append_lenenc(out, value.as_view());
            return;
        case ValueKind::date:
        case ValueKind::datetime:
            append_civil(out, value.as_civil());
            return;
        case ValueKind::timestamp:
            append_civil(out, sql_text::civil_of(value));
            return;
        case ValueKind::time:
            append_time(out, value.as_int64());
            return;
        default:
            break;
    }
    throw Error(ErrorKind::bug, fmt::format("a bulk row of {} does not carry column `{}`",
                                            binding_->source->display_name(),
                                            binding_->source->columns[p.ordinal].name));
}

}  // namespace dts
