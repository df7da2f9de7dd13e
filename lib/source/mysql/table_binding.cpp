#include "lib/source/mysql/table_binding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <strings.h>

#include "lib/base/error.hpp"
#include "lib/source/mysql/decimal_text.hpp"
#include "lib/source/mysql/temporal.hpp"

namespace dts {

namespace {

constexpr std::uint32_t binary_collation = 63;

bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool is_string(WireType type) {
    switch (type) {
        case WireType::string:
        case WireType::var_string:
        case WireType::varchar:
        case WireType::blob:
        case WireType::tiny_blob:
        case WireType::medium_blob:
        case WireType::long_blob:
        case WireType::mariadb_blob_compressed:
        case WireType::mariadb_varchar_compressed:
            return true;
        default:
            return false;
    }
}

/// The column type that the wire alone tells; strings count as bytes where the collation says so.
std::optional<ColumnType> column_type_of(const WireColumn& wire) {
    switch (wire.type) {
        case WireType::tiny:
            return ColumnType::int8;
        case WireType::short_int:
            return ColumnType::int16;
        case WireType::int24:
            return ColumnType::int24;
        case WireType::long_int:
            return ColumnType::int32;
        case WireType::long_long:
            return ColumnType::int64;
        case WireType::float32:
            return ColumnType::float32;
        case WireType::float64:
            return ColumnType::float64;
        case WireType::decimal:
            return ColumnType::decimal;
        case WireType::bit:
            return ColumnType::bit;
        case WireType::year:
            return ColumnType::year;
        case WireType::date:
        case WireType::new_date:
            return ColumnType::date;
        case WireType::time:
        case WireType::time2:
            return ColumnType::time;
        case WireType::datetime:
        case WireType::datetime2:
            return ColumnType::datetime;
        case WireType::timestamp:
        case WireType::timestamp2:
            return ColumnType::timestamp;
        case WireType::json:
            return ColumnType::json;
        case WireType::enumeration:
            return ColumnType::enumeration;
        case WireType::set:
            return ColumnType::set;
        case WireType::geometry:
            return ColumnType::geometry;
        case WireType::vector:
            return ColumnType::bytes;
        default:
            if (!is_string(wire.type)) return std::nullopt;
            return wire.collation == binary_collation ? ColumnType::bytes : ColumnType::text;
    }
}

bool is_mariadb_fixed_type(std::string_view data_type) {
    return data_type == "uuid" || data_type == "inet4" || data_type == "inet6";
}

bool fits(const WireColumn& wire, const Column& column, std::string_view data_type) {
    if (is_mariadb_fixed_type(data_type))
        return wire.type == WireType::string && wire.meta == (data_type == "inet4" ? 4 : 16);
    if (data_type == "vector") return wire.type == WireType::vector || is_string(wire.type);
    if (column.type == ColumnType::text || column.type == ColumnType::bytes)
        return is_string(wire.type);
    return column_type_of(wire) == column.type;
}

ReadOp integer_op(WireType type, bool is_unsigned) {
    switch (type) {
        case WireType::tiny:
            return is_unsigned ? ReadOp::uint8 : ReadOp::int8;
        case WireType::short_int:
            return is_unsigned ? ReadOp::uint16 : ReadOp::int16;
        case WireType::int24:
            return is_unsigned ? ReadOp::uint24 : ReadOp::int24;
        case WireType::long_int:
            return is_unsigned ? ReadOp::uint32 : ReadOp::int32;
        default:
            return is_unsigned ? ReadOp::uint64 : ReadOp::int64;
    }
}

ReadOp view_op(std::uint8_t length_bytes) {
    return length_bytes == 1 ? ReadOp::view1 : length_bytes == 2 ? ReadOp::view2 : ReadOp::viewn;
}

/// Dates and times with a fraction; at most six digits, whatever the event says.
ColumnReader temporal_reader(ReadOp op, unsigned digits) {
    if (digits > 6) throw Error(ErrorKind::data, fmt::format("a time with {} digits", digits));
    ColumnReader reader;
    reader.op = op;
    reader.digits = static_cast<std::uint8_t>(digits);
    return reader;
}

ColumnReader number_reader(ReadOp op, unsigned bytes) {
    if (bytes == 0 || bytes > 8)
        throw Error(ErrorKind::data, fmt::format("a BIT, ENUM or SET of {} bytes", bytes));
    ColumnReader reader;
    reader.op = op;
    reader.bytes = static_cast<std::uint16_t>(bytes);
    return reader;
}

ColumnReader decimal_reader(std::uint16_t meta) {
    ColumnReader reader;
    reader.op = ReadOp::decimal;
    reader.precision = static_cast<std::uint8_t>(meta >> 8);
    reader.digits = static_cast<std::uint8_t>(meta & 0xFF);
    reader.bytes = static_cast<std::uint16_t>(decimal_bytes(reader.precision, reader.digits));
    return reader;
}

ColumnReader string_reader(const WireColumn& wire, const Column& column,
                           std::string_view data_type) {
    ColumnReader reader;
    reader.kind = column.type == ColumnType::text ? ValueKind::text : ValueKind::bytes;
    switch (wire.type) {
        case WireType::string:
        case WireType::varchar:
        case WireType::var_string:
        case WireType::mariadb_varchar_compressed:
            reader.length_bytes = wire.meta > 255 ? 2 : 1;
            break;
        default:
            reader.length_bytes = static_cast<std::uint8_t>(wire.meta);
            if (wire.meta < 1 || wire.meta > 4)
                throw Error(ErrorKind::data,
                            fmt::format("a BLOB with a length of {} bytes", wire.meta));
    }
    reader.op = view_op(reader.length_bytes);
    if (wire.type == WireType::mariadb_varchar_compressed ||
        wire.type == WireType::mariadb_blob_compressed) {
        reader.op = ReadOp::compressed;
    } else if (wire.type == WireType::string && is_mariadb_fixed_type(data_type)) {
        reader.op = data_type == "uuid"    ? ReadOp::uuid
                    : data_type == "inet4" ? ReadOp::inet4
                                           : ReadOp::inet6;
        reader.bytes = wire.meta;
    } else if (wire.type == WireType::string && reader.kind == ValueKind::bytes) {
        reader.op = ReadOp::padded;
        reader.bytes = wire.meta;
    } else if (column.type == ColumnType::json) {
        reader.op = ReadOp::json;
    }
    return reader;
}

/// How the column's bytes are read: by the wire where it tells, by the schema where it does not
/// (signs, text or bytes, MariaDB's own types).
ColumnReader compile_reader(const WireColumn& wire, const Column& column,
                            std::string_view data_type) {
    const bool old_fraction = column.scale > 0;  // MariaDB's older formats do not say it themselves
    switch (wire.type) {
        case WireType::tiny:
        case WireType::short_int:
        case WireType::int24:
        case WireType::long_int:
        case WireType::long_long:
            return {.op = integer_op(wire.type, column.is_unsigned)};
        case WireType::float32:
            return {.op = ReadOp::float32};
        case WireType::float64:
            return {.op = ReadOp::float64};
        case WireType::decimal:
            return decimal_reader(wire.meta);
        case WireType::bit:
            return number_reader(ReadOp::bits, (wire.meta + 7u) / 8);
        case WireType::enumeration:
        case WireType::set:
            return number_reader(ReadOp::bytes_as_number, wire.meta);
        case WireType::year:
            return {.op = ReadOp::year};
        case WireType::date:
        case WireType::new_date:
            return {.op = ReadOp::date};
        case WireType::time2:
            return temporal_reader(ReadOp::time2, wire.meta);
        case WireType::datetime2:
            return temporal_reader(ReadOp::datetime2, wire.meta);
        case WireType::timestamp2:
            return temporal_reader(ReadOp::timestamp2, wire.meta);
        case WireType::time:
            return temporal_reader(old_fraction ? ReadOp::hires_time : ReadOp::old_time,
                                   column.scale);
        case WireType::datetime:
            return temporal_reader(old_fraction ? ReadOp::hires_datetime : ReadOp::old_datetime,
                                   column.scale);
        case WireType::timestamp:
            return temporal_reader(old_fraction ? ReadOp::hires_timestamp : ReadOp::old_timestamp,
                                   column.scale);
        default:
            return string_reader(wire, column, data_type);
    }
}

bool is_utf8(std::string_view charset) {
    return charset == "utf8mb4" || charset == "utf8mb3" || charset == "utf8" || charset == "ascii";
}

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// The labels in UTF-8, as the metadata has them; false when they would have to be converted.
bool take_labels(const WireColumn& wire, Column& column) {
    if (!is_utf8(column.charset) && !std::all_of(wire.labels.begin(), wire.labels.end(), is_ascii))
        return false;
    column.labels.assign(wire.labels.begin(), wire.labels.end());
    return true;
}

Error refusal(const TableMap& map, std::string_view why) {
    return {ErrorKind::data,
            fmt::format("rows of `{}`.`{}` can not be decoded with certainty: {}", map.schema,
                        map.table, why),
            "the table was altered after these rows were written, or the account may not see it; "
            "start behind the alteration and copy the table anew, or grant SELECT on it; SET "
            "GLOBAL binlog_row_metadata=FULL at the source makes later alterations harmless"};
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
        if (!fits(wire, columns[i], definition.data_types[i]))
            return fmt::format("their column {} is of binlog type {}, `{}` of the table is {}",
                               i + 1, static_cast<unsigned>(wire.type), columns[i].name,
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
        if (!wire.labels.empty()) take_labels(wire, column);
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

/// A column described by the event alone. Throws where the event does not say enough.
Column column_of(const TableMap& map, const WireColumn& wire, TableCatalog& catalog) {
    const auto type = column_type_of(wire);
    if (!type)
        throw refusal(map, fmt::format("`{}` is of the unknown binlog type {}", wire.name,
                                       static_cast<unsigned>(wire.type)));
    Column column;
    column.name = wire.name;
    column.type = *type;
    const bool may_be_own_type = wire.type == WireType::string && *type == ColumnType::bytes &&
                                 (wire.meta == 16 || wire.meta == 4);
    const bool fraction_unknown = wire.type == WireType::time || wire.type == WireType::datetime ||
                                  wire.type == WireType::timestamp;
    if (catalog.is_mariadb() && (may_be_own_type || fraction_unknown))
        throw refusal(map, fmt::format("the binlog does not say enough of `{}`", wire.name));
    if (wire.type == WireType::string && *type == ColumnType::bytes) column.length = wire.meta;
    if (*type == ColumnType::text || *type == ColumnType::enumeration || *type == ColumnType::set) {
        column.charset = catalog.charset_of(wire.collation);
        if (column.charset.empty())
            throw refusal(
                map, fmt::format("`{}` has the unknown collation {}", wire.name, wire.collation));
        if (!take_labels(wire, column))
            throw refusal(map,
                          fmt::format("the labels of `{}` are in {}", wire.name, column.charset));
    }
    return column;
}

/// The schema as the event alone tells it; the catalog adds what it knows of columns of that name.
TableSchema schema_of(const TableMap& map, const std::optional<TableDefinition>& definition,
                      TableCatalog& catalog) {
    TableSchema schema;
    schema.schema = map.schema;
    schema.table = map.table;
    for (const auto& wire : map.columns) schema.columns.push_back(column_of(map, wire, catalog));
    if (!map.primary_key.empty()) {
        schema.has_primary_key = true;
        schema.unique_keys.push_back(
            {"PRIMARY", map.primary_key, false, map.primary_key_is_partial});
    }
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

TableBinding compile(const TableMap& map, TableSchema schema,
                     const std::optional<TableDefinition>& definition, bool by_definition,
                     TableCatalog& catalog) {
    take_metadata(map, schema, catalog);
    TableBinding binding;
    binding.is_transactional = !definition || definition->is_transactional;
    for (std::size_t i = 0; i < map.columns.size(); ++i) {
        if (i >= schema.columns.size()) {
            binding.readers.push_back({.op = ReadOp::uint64});  // hidden: read past
            continue;
        }
        const std::string_view data_type =
            by_definition ? std::string_view(definition->data_types[i]) : std::string_view();
        binding.readers.push_back(compile_reader(map.columns[i], schema.columns[i], data_type));
    }
    binding.schema = std::make_shared<const TableSchema>(std::move(schema));
    return binding;
}

}  // namespace

TableBinding bind_table(const TableMap& map, const std::optional<TableDefinition>& definition,
                        TableCatalog& catalog) {
    if (definition && definition->is_system_versioned)
        throw Error(ErrorKind::data,
                    fmt::format("`{}`.`{}` is a system-versioned table: its history travels as "
                                "rows of the table itself, which is not supported",
                                map.schema, map.table),
                    "take the table out of the filter");
    const auto why = definition ? misfit(map, *definition)
                                : std::optional<std::string>("the table does not exist (any more)");
    if (!why) return compile(map, definition->schema, definition, true, catalog);
    if (!map.has_names) throw refusal(map, *why);
    return compile(map, schema_of(map, definition, catalog), definition, false, catalog);
}

}  // namespace dts
