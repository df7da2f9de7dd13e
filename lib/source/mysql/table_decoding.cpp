#include "lib/source/mysql/table_decoding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <strings.h>

#include "lib/base/error.hpp"
#include "lib/source/mysql/column_reader.hpp"

namespace dts {

namespace {

bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool is_utf8(std::string_view charset) {
    return charset == "utf8mb4" || charset == "utf8mb3" || charset == "utf8" || charset == "ascii";
}

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// The labels as the metadata has them, in UTF-8.
void take_labels(const WireColumn& wire, Column& column, TableCatalog& catalog) {
    column.labels.clear();
    for (const auto label : wire.labels) {
        const bool as_is = is_utf8(column.charset) || is_ascii(label);
        column.labels.push_back(as_is ? std::string(label)
                                      : catalog.to_utf8(label, column.charset));
    }
}

Error refusal(std::string_view why) {
    return {ErrorKind::data, fmt::format("they can not be decoded with certainty: {}", why),
            "the table was altered after these rows were written, or the account may not see it; "
            "start behind the alteration and copy the table anew, or grant SELECT on it; SET "
            "GLOBAL binlog_row_metadata=FULL at the source makes later alterations harmless"};
}

Error newer_definition(std::int64_t seconds) {
    return {ErrorKind::data,
            fmt::format("the table was created, altered or rebuilt {} s after these rows were "
                        "written, and the binlog does not name their columns: they can not be "
                        "decoded with certainty",
                        seconds),
            "SET GLOBAL binlog_row_metadata=FULL at the source for all later rows, and let the "
            "task catch up before a table is changed; for these rows: copy the table anew and "
            "start behind its change"};
}

/// Nothing when the definition is that of the rows; else what does not fit.
std::optional<std::string> misfit(const TableMap& map, const TableDefinition& definition) {
    const auto& columns = definition.schema.columns;
    if (map.columns.size() < columns.size() ||
        map.columns.size() > columns.size() + definition.hash_keys) {
        return fmt::format("they have {} columns, the table has {}", map.columns.size(),
                           columns.size());
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const WireColumn& wire = map.columns[i];
        if (map.has_names && !same_name(wire.name, columns[i].name))
            return fmt::format("their column {} is `{}`, the table's is `{}`", i + 1, wire.name,
                               columns[i].name);
        if (!fits(wire, columns[i], definition.data_types[i], definition.octets_of(i)))
            return fmt::format(
                "their column {} is of binlog type {} ({}), which `{}` of the table, {}, is not",
                i + 1, static_cast<unsigned>(wire.type), wire.meta, columns[i].name,
                definition.data_types[i]);
    }
    for (std::size_t i = columns.size(); i < map.columns.size(); ++i) {
        if (map.columns[i].type != WireType::long_long)
            return fmt::format("column {} is not a hidden hash of a unique key", i + 1);
    }
    return std::nullopt;
}

/// What the event itself knows of its columns is true of these rows; the catalog is of today.
void take_metadata(const TableMap& map, TableSchema& schema, TableCatalog& catalog) {
    for (std::size_t i = 0; i < schema.columns.size(); ++i) {
        const WireColumn& wire = map.columns[i];
        Column& column = schema.columns[i];
        column.nullable = wire.nullable;
        if (map.has_signs) column.is_unsigned = wire.is_unsigned;
        if (wire.collation != 0 && wire.collation != binary_collation &&
            (column.type == ColumnType::text || column.type == ColumnType::enumeration ||
             column.type == ColumnType::set)) {
            const auto charset = catalog.charset_of(wire.collation);
            if (!charset.empty()) column.charset = charset;
        }
        if (!wire.labels.empty()) take_labels(wire, column, catalog);
        switch (wire.type) {
            case WireType::decimal:
                column.precision = static_cast<std::uint8_t>(wire.meta >> 8);
                column.scale = static_cast<std::uint8_t>(wire.meta & 0xFF);
                break;
            case WireType::bit:
                column.length = wire.meta;
                break;
            case WireType::time2:
            case WireType::datetime2:
            case WireType::timestamp2:
                column.scale = static_cast<std::uint8_t>(wire.meta);
                break;
            default:
                break;
        }
    }
}

/// The primary key of the rows is the event's, and a unique key over a column that could be NULL
/// then did not identify them.
void take_keys(const TableMap& map, TableSchema& schema) {
    auto& keys = schema.unique_keys;
    for (auto& key : keys) {
        for (const auto ordinal : key.columns) key.nullable |= map.columns[ordinal].nullable;
    }
    if (!map.has_names) return;
    const bool listed = schema.has_primary_key && !keys.empty();
    if (listed && keys.front().columns == map.primary_key &&
        keys.front().partial == map.primary_key_is_partial)
        return;
    if (listed) keys.erase(keys.begin());
    schema.has_primary_key = !map.primary_key.empty();
    if (schema.has_primary_key)
        keys.insert(keys.begin(), {"PRIMARY", map.primary_key, false, map.primary_key_is_partial});
}

/// A column described by the event alone. Throws where the event does not say enough.
Column column_of(const WireColumn& wire, TableCatalog& catalog) {
    const auto type = column_type_of(wire);
    if (!type)
        throw refusal(fmt::format("`{}` is of the unknown binlog type {}", wire.name,
                                  static_cast<unsigned>(wire.type)));
    Column column;
    column.name = wire.name;
    column.type = *type;
    const bool may_be_own_type = wire.type == WireType::string && *type == ColumnType::bytes &&
                                 (wire.meta == 16 || wire.meta == 4);
    const bool fraction_unknown = wire.type == WireType::time || wire.type == WireType::datetime ||
                                  wire.type == WireType::timestamp;
    if (catalog.is_mariadb() && (may_be_own_type || fraction_unknown))
        throw refusal(fmt::format("the binlog does not say enough of `{}`", wire.name));
    if (wire.type == WireType::string && *type == ColumnType::bytes) column.length = wire.meta;
    if (*type == ColumnType::text || *type == ColumnType::enumeration || *type == ColumnType::set) {
        column.charset = catalog.charset_of(wire.collation);
        if (column.charset.empty())
            throw refusal(
                fmt::format("`{}` has the unknown collation {}", wire.name, wire.collation));
    }
    return column;
}

/// The schema as the event alone tells it; the catalog adds what it knows of columns of that name.
TableSchema schema_of(const TableMap& map, const std::optional<TableDefinition>& definition,
                      TableCatalog& catalog) {
    TableSchema schema;
    schema.schema = map.schema;
    schema.table = map.table;
    for (const auto& wire : map.columns) schema.columns.push_back(column_of(wire, catalog));
    if (!definition) return schema;
    for (auto& column : schema.columns) {
        const int i = definition->schema.find(column.name);
        if (i >= 0)
            column.generated = definition->schema.columns[static_cast<std::size_t>(i)].generated;
    }
    for (const auto& key : definition->schema.unique_keys) {
        if (key.name == "PRIMARY") continue;
        UniqueKey same{key.name, {}, key.nullable, key.partial};
        for (const auto ordinal : key.columns) {
            const int i = schema.find(definition->schema.columns[ordinal].name);
            if (i >= 0) same.columns.push_back(static_cast<std::uint16_t>(i));
        }
        if (same.columns.size() == key.columns.size()) schema.unique_keys.push_back(same);
    }
    return schema;
}

TableDecoding compile(const TableMap& map, TableSchema schema,
                      const std::optional<TableDefinition>& definition, bool by_definition,
                      TableCatalog& catalog) {
    take_metadata(map, schema, catalog);
    take_keys(map, schema);
    TableDecoding decoding;
    decoding.is_transactional = !definition || definition->is_transactional;
    for (std::size_t i = 0; i < map.columns.size(); ++i) {
        if (i >= schema.columns.size()) {
            decoding.readers.push_back({.op = ReadOp::uint64});  // hidden: read past
            continue;
        }
        const std::string_view data_type =
            by_definition ? std::string_view(definition->data_types[i]) : std::string_view();
        decoding.readers.push_back(
            make_column_reader(map.columns[i], schema.columns[i], data_type));
    }
    decoding.schema = std::make_shared<const TableSchema>(std::move(schema));
    return decoding;
}

}  // namespace

TableDecoding make_table_decoding(const TableMap& map,
                                  const std::optional<TableDefinition>& definition,
                                  TableCatalog& catalog, std::int64_t known_until) {
    if (definition && definition->is_system_versioned)
        throw Error(ErrorKind::data,
                    "it is a system-versioned table: its history travels as rows of the table "
                    "itself, which is not supported",
                    "take the table out of the filter");
    const auto why = definition ? misfit(map, *definition)
                                : std::optional<std::string>("the table does not exist (any more)");
    if (!why && !map.has_names && definition->defined_at > known_until)
        throw newer_definition(definition->defined_at - known_until);
    if (!why) return compile(map, definition->schema, definition, true, catalog);
    if (!map.has_names) throw refusal(*why);
    return compile(map, schema_of(map, definition, catalog), definition, false, catalog);
}

}  // namespace dts
