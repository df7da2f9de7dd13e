#include "lib/sink/postgres_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/byte_set.hpp"
#include "lib/client/postgres_client.hpp"

namespace dts::postgres_text {

namespace {

using postgres::append_literal;
using postgres::quote_identifier;
using postgres::quote_table;

std::string target_table(const TableBinding& binding) {
    return quote_table(binding.target->schema, binding.target->table);
}

const Column& target_of(const TableBinding& binding, std::uint16_t source_ordinal) {
    return binding.target_column(binding.field_of(source_ordinal));
}

/// A quoted text of no type yet, in one line.
void append_text(std::string& out, std::string_view text) {
    if (text.find_first_of("\n\r") == std::string_view::npos) {
        append_literal(out, text);
        return;
    }
    out += "E'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out += c;
        if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else {
            out += c;
        }
    }
    out += '\'';
}

const Value* key_image(const RowWrite& row) {
    return row.before != nullptr ? row.before : row.after;
}

bool has_null(const KeyColumns& key, const Value* row) {
    return std::any_of(key.begin(), key.end(), [&](auto i) { return row[i].is_null(); });
}

/// '{"a","b"}'::type[] of one column of the rows' keys.
void append_array(std::string& out, const TableBinding& binding, const KeyColumns& key,
                  std::uint16_t ordinal, const RowWrite* rows, std::size_t count) {
    out += "'{";
    bool first = true;
    for (std::size_t i = 0; i < count; ++i) {
        const Value* image = key_image(rows[i]);
        if (has_null(key, image)) continue;
        if (!first) out += ',';
        first = false;
        append_element(out, image[ordinal].as_view());
    }
    out += "}'::";
    out += target_of(binding, ordinal).type_name;
    out += "[]";
}

/// What the server prints of it, of whatever type it is.
void append_printed_condition(std::string& out, std::string_view name, const Value& value) {
    out += fmt::format("pg_catalog.format('%s', {}) COLLATE \"C\"=", name);
    append_text(out, value.as_view());
}

/// Where the target is not known: has its type been heard of by the source as one whose = may not
/// be in pg_catalog, or does not take a text?
bool may_have_no_plain_equality(const Column& source, const Column& target) {
    return target.type_name.empty() &&
           (source.base_type.find('.') != std::string::npos || source.base_type.starts_with("reg"));
}

/// = as it stands between values of the column.
std::string_view equality_of(const Column& column) {
    if (column.equality.empty()) return "=";
    return column.equality;
}

/// "a"='x' AND "b"='y'
void append_key_condition(std::string& out, const TableBinding& binding, const KeyColumns& key,
                          const Value* row) {
    bool first = true;
    for (const std::uint16_t ordinal : key) {
        if (!first) out += " AND ";
        first = false;
        const Column& column = target_of(binding, ordinal);
        const std::string name = quote_identifier(column.name);
        const Value& value = row[ordinal];
        if (!value.is_null() &&
            may_have_no_plain_equality(binding.source->columns[ordinal], column)) {
            append_printed_condition(out, name, value);
            continue;
        }
        out += name;
        out += equality_of(column);
        append_value(out, value);
        if (!column.equality.empty()) out += "::" + column.type_name;
    }
}

/// Types whose equal values have equal texts.
bool is_equal_in_text(std::string_view type) {
    constexpr std::array<std::string_view, 11> types = {"smallint", "integer", "bigint", "boolean",
                                                        "date",     "uuid",    "oid",    "bytea",
                                                        "xid",      "cid",     "tid"};
    return std::find(types.begin(), types.end(), type) != types.end();
}

/// Types that have an equality of their own, by which an index may find rows.
bool has_equality(std::string_view type) {
    constexpr std::array<std::string_view, 8> types = {"text",
                                                       "character varying",
                                                       "bpchar",
                                                       "numeric",
                                                       "real",
                                                       "double precision",
                                                       "timestamp without time zone",
                                                       "timestamp with time zone"};
    return std::find(types.begin(), types.end(), type) != types.end();
}

void append_exact_condition(std::string& out, const Column& column, const Value& value) {
    const std::string name = quote_identifier(column.name);
    out += name;
    const bool is_unknown = column.type_name.empty();
    // A composite value of NULLs alone is said to be NULL, too, and one of some to be no NOT NULL.
    const bool may_be_composite = is_unknown || column.base_type.find('.') != std::string::npos;
    if (value.is_null()) {
        out += may_be_composite ? " IS NOT DISTINCT FROM NULL" : " IS NULL";
        return;
    }
    if (is_unknown) {
        out += " IS DISTINCT FROM NULL AND ";
        append_printed_condition(out, name, value);
        return;
    }
    const bool by_text = !is_equal_in_text(column.type_name);
    if (!by_text || has_equality(column.type_name)) {
        out += '=';
        append_literal(out, value.as_view());
        if (by_text) out += " AND " + name;
    }
    if (!by_text) return;
    out += "::text COLLATE \"C\"=";
    append_literal(out, value.as_view());
    out += "::" + column.type_name + "::text COLLATE \"C\"";
}

/// "a"='x',"b"=NULL of what an update sets: the carried columns, but for those that the server
/// fills itself, or may fill where the target is not known, and that did not change.
bool append_assignments(std::string& out, const TableBinding& binding, const RowWrite& row) {
    bool any = false;
    for (const auto& field : binding.fields) {
        const Value& value = row.after[field.source];
        if (!value.is_carried()) continue;
        const Column& column = binding.target_column(field);
        const Value& old = row.before[field.source];
        const bool may_be_filled = column.always_identity || column.type_name.empty();
        if (may_be_filled && old.is_carried() && old == value) continue;
        if (column.always_identity && !old.is_carried()) continue;
        if (any) out += ',';
        any = true;
        out += quote_identifier(column.name);
        out += '=';
        append_value(out, value);
    }
    return any;
}

}  // namespace

void append_value(std::string& out, const Value& value) {
    if (value.is_null()) {
        out += "NULL";
    } else {
        append_text(out, value.as_view());
    }
}

/// Quotes and backslashes are the array's own, single quotes doubled. What is a number needs none
/// of that.
void append_element(std::string& out, std::string_view text) {
    static constexpr ByteSet in_numbers("0123456789.-");
    static constexpr ByteSet escaped("\"\\'");
    if (!text.empty() && in_numbers.is_all_of(text)) {
        out += text;
        return;
    }
    out += '"';
    for (;;) {
        const auto special = escaped.first_in(text);
        out += text.substr(0, special);
        if (special == std::string_view::npos) break;
        const char c = text[special];
        out += c == '\'' ? '\'' : '\\';
        out += c;
        text.remove_prefix(special + 1);
    }
    out += '"';
}

bool fits_arrays(const TableBinding& binding, const KeyColumns& key) {
    return std::all_of(key.begin(), key.end(), [&](std::uint16_t ordinal) {
        return target_of(binding, ordinal).fits_array;
    });
}

void append_delete(std::string& out, const TableBinding& binding, const KeyColumns& key,
                   const RowWrite* rows, std::size_t count) {
    out += "DELETE FROM ";
    out += target_table(binding);
    if (count == 1 || !fits_arrays(binding, key)) {
        out += " WHERE ";
        bool first = true;
        for (std::size_t i = 0; i < count; ++i) {
            if (has_null(key, key_image(rows[i]))) continue;
            if (!first) out += " OR ";
            first = false;
            out += '(';
            append_key_condition(out, binding, key, key_image(rows[i]));
            out += ')';
        }
        if (first) out += "false";
    } else if (key.size() == 1) {
        out += " WHERE ";
        const Column& column = target_of(binding, key.front());
        out += quote_identifier(column.name);
        out += equality_of(column);
        out += "ANY(";
        append_array(out, binding, key, key.front(), rows, count);
        out += ')';
    } else {
        out += " t USING unnest(";
        std::string names, condition;
        for (std::size_t i = 0; i < key.size(); ++i) {
            if (i > 0) {
                out += ',';
                names += ',';
                condition += " AND ";
            }
            append_array(out, binding, key, key[i], rows, count);
            names += fmt::format("k{}", i);
            const Column& column = target_of(binding, key[i]);
            condition +=
                fmt::format("t.{}{}k.k{}", quote_identifier(column.name), equality_of(column), i);
        }
        out += fmt::format(") k({}) WHERE {}", names, condition);
    }
    out += ';';
}

void append_update(std::string& out, const TableBinding& binding, const RowWrite& row) {
    const std::size_t begin = out.size();
    out += "UPDATE ";
    out += target_table(binding);
    out += " SET ";
    if (!append_assignments(out, binding, row)) {
        // Nothing that is written has changed; the row shall be there all the same.
        out.resize(begin);
        out += "SELECT 1 FROM " + target_table(binding);
    }
    out += " WHERE ";
    append_key_condition(out, binding, binding.key, row.before);
    out += ';';
}

void append_exact(std::string& out, const TableBinding& binding, WriteKind kind,
                  const RowWrite& row) {
    const std::string table = target_table(binding);
    out += "WITH one AS MATERIALIZED (SELECT tableoid AS o, ctid AS c FROM ";
    out += table;
    out += " WHERE ";
    bool first = true;
    for (const auto& field : binding.fields) {
        if (!first) out += " AND ";
        first = false;
        append_exact_condition(out, binding.target_column(field), row.before[field.source]);
    }
    out += " LIMIT 1) ";
    if (kind == WriteKind::remove_exact) {
        out += fmt::format("DELETE FROM {} t USING one", table);
    } else {
        out += fmt::format("UPDATE {} t SET ", table);
        if (!append_assignments(out, binding, row)) {
            out += fmt::format("{0}={0}",
                               quote_identifier(binding.target_column(binding.fields[0]).name));
        }
        out += " FROM one";
    }
    out += " WHERE t.ctid=one.c AND t.tableoid=one.o;";
}

std::string describe_row(const TableBinding& binding, const Value* row) {
    std::string text;
    const auto add = [&](std::uint16_t ordinal) {
        if (!text.empty()) text += ',';
        text += quote_identifier(binding.source->columns[ordinal].name) + "=";
        const Value& value = row[ordinal];
        if (!value.is_carried()) {
            text += '?';
        } else if (value.is_view() && value.as_view().size() > 64) {
            text += fmt::format("({} bytes)", value.as_view().size());
        } else {
            append_value(text, value);
        }
    };
    if (binding.keyless()) {
        for (const auto& field : binding.fields) add(field.source);
    } else {
        for (const std::uint16_t ordinal : binding.key) add(ordinal);
    }
    return text;
}

}  // namespace dts::postgres_text
