#include "lib/sink/postgres_insert.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/byte_set.hpp"
#include "lib/client/postgres_client.hpp"
#include "lib/sink/postgres_text.hpp"

namespace dts::postgres_text {

namespace {

using postgres::quote_identifier;
using postgres::quote_table;

constexpr ByteSet escaped_in_lines("\\\t\n\r");

bool is_in_key(const TableBinding& binding, const TableBinding::Field& field) {
    return std::find(binding.key.begin(), binding.key.end(), field.source) != binding.key.end();
}

/// ("a","b")
void append_columns(std::string& out, const TableBinding& binding) {
    char separator = '(';
    for (const auto& field : binding.fields) {
        out += separator;
        out += quote_identifier(binding.target_column(field).name);
        separator = ',';
    }
    out += ')';
}

/// ON CONFLICT ("a") DO UPDATE SET "b"=EXCLUDED."b"
void append_on_conflict(std::string& out, const TableBinding& binding) {
    out += " ON CONFLICT (";
    for (std::size_t i = 0; i < binding.key.size(); ++i) {
        if (i > 0) out += ',';
        out += quote_identifier(binding.target_column(binding.field_of(binding.key[i])).name);
    }
    std::string sets;
    for (const auto& field : binding.fields) {
        const Column& column = binding.target_column(field);
        if (is_in_key(binding, field) || column.always_identity) continue;
        if (!sets.empty()) sets += ',';
        sets += fmt::format("{0}=EXCLUDED.{0}", quote_identifier(column.name));
    }
    out += sets.empty() ? ") DO NOTHING" : ") DO UPDATE SET " + sets;
}

/// '{1,"a b",NULL}'::type[] of one column of the rows.
void append_array(std::string& out, const Column& column, std::uint16_t ordinal,
                  const RowWrite* rows, std::size_t count) {
    out += "'{";
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) out += ',';
        const Value& value = rows[i].after[ordinal];
        if (value.is_null()) {
            out += "NULL";
        } else {
            append_element(out, value.as_view());
        }
    }
    out += "}'::";
    out += column.type_name;
    out += "[]";
}

}  // namespace

void append_copy(std::string& out, const TableBinding& binding) {
    out += "COPY ";
    out += quote_table(binding.target->schema, binding.target->table);
    append_columns(out, binding);
    out += " FROM STDIN";
}

void append_copy_line(std::string& out, const TableBinding& binding, const Value* row) {
    bool first = true;
    for (const auto& field : binding.fields) {
        if (!first) out += '\t';
        first = false;
        const Value& value = row[field.source];
        if (value.is_null()) {
            out += "\\N";
            continue;
        }
        std::string_view text = value.as_view();
        for (;;) {
            const auto special = escaped_in_lines.first_in(text);
            out += text.substr(0, special);
            if (special == std::string_view::npos) break;
            const char c = text[special];
            out += '\\';
            out += c == '\t' ? 't' : c == '\n' ? 'n' : c == '\r' ? 'r' : '\\';
            text.remove_prefix(special + 1);
        }
    }
    out += '\n';
}

void append_insert(std::string& out, const TableBinding& binding, const RowWrite* rows,
                   std::size_t count, bool overwrites) {
    out += "INSERT INTO ";
    out += quote_table(binding.target->schema, binding.target->table);
    append_columns(out, binding);
    out += " OVERRIDING SYSTEM VALUE VALUES ";
    for (std::size_t i = 0; i < count; ++i) {
        char separator = '(';
        if (i > 0) out += ',';
        for (const auto& field : binding.fields) {
            out += separator;
            append_value(out, rows[i].after[field.source]);
            separator = ',';
        }
        out += ')';
    }
    if (overwrites && !binding.keyless()) append_on_conflict(out, binding);
    out += ';';
}

bool can_overwrite(const TableBinding& binding) {
    const TableSchema& target = *binding.target;
    if (binding.keyless() || target.is_partitioned || target.unique_keys.size() != 1 ||
        !target.unique_keys.front().finds_conflicts)
        return false;
    KeyColumns columns;
    for (const auto& field : binding.fields) {
        const Column& column = binding.target_column(field);
        if (column.type_name.empty()) return false;
        if (column.always_identity && !is_in_key(binding, field)) return false;
        columns.push_back(field.source);
    }
    return fits_arrays(binding, columns);
}

void append_overwrite(std::string& out, const TableBinding& binding, const RowWrite* rows,
                      std::size_t count) {
    out += "INSERT INTO ";
    out += quote_table(binding.target->schema, binding.target->table);
    append_columns(out, binding);
    // Takes several arrays under this name alone, which the session looks up in pg_catalog.
    out += " OVERRIDING SYSTEM VALUE SELECT * FROM unnest(";
    bool first = true;
    for (const auto& field : binding.fields) {
        if (!first) out += ',';
        first = false;
        append_array(out, binding.target_column(field), field.source, rows, count);
    }
    out += ')';
    append_on_conflict(out, binding);
    out += ';';
}

}  // namespace dts::postgres_text
