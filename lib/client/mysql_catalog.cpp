#include "lib/client/mysql_catalog.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>

namespace dts {

namespace {

const std::map<std::string_view, ColumnType>& known_types() {
    static const std::map<std::string_view, ColumnType> types = {
        {"tinyint", ColumnType::int8},
        {"smallint", ColumnType::int16},
        {"mediumint", ColumnType::int24},
        {"int", ColumnType::int32},
        {"bigint", ColumnType::int64},
        {"float", ColumnType::float32},
        {"double", ColumnType::float64},
        {"decimal", ColumnType::decimal},
        {"bit", ColumnType::bit},
        {"year", ColumnType::year},
        {"date", ColumnType::date},
        {"time", ColumnType::time},
        {"datetime", ColumnType::datetime},
        {"timestamp", ColumnType::timestamp},
        {"char", ColumnType::text},
        {"varchar", ColumnType::text},
        {"tinytext", ColumnType::text},
        {"text", ColumnType::text},
        {"mediumtext", ColumnType::text},
        {"longtext", ColumnType::text},
        {"inet4", ColumnType::text},
        {"inet6", ColumnType::text},
        {"uuid", ColumnType::text},
        {"binary", ColumnType::bytes},
        {"varbinary", ColumnType::bytes},
        {"tinyblob", ColumnType::bytes},
        {"blob", ColumnType::bytes},
        {"mediumblob", ColumnType::bytes},
        {"longblob", ColumnType::bytes},
        {"vector", ColumnType::bytes},
        {"json", ColumnType::json},
        {"enum", ColumnType::enumeration},
        {"set", ColumnType::set},
        {"geometry", ColumnType::geometry},
        {"point", ColumnType::geometry},
        {"linestring", ColumnType::geometry},
        {"polygon", ColumnType::geometry},
        {"multipoint", ColumnType::geometry},
        {"multilinestring", ColumnType::geometry},
        {"multipolygon", ColumnType::geometry},
        {"geometrycollection", ColumnType::geometry},
        {"geomcollection", ColumnType::geometry},
    };
    return types;
}

/// The numbers in the first pair of brackets: (10,2) gives 10 and 2.
std::pair<unsigned, unsigned> arguments(std::string_view column_type) {
    const auto open = column_type.find('(');
    if (open == std::string_view::npos) return {0, 0};
    unsigned first = 0, second = 0;
    const char* end = column_type.data() + column_type.size();
    auto parsed = std::from_chars(column_type.data() + open + 1, end, first);
    if (parsed.ptr != end && *parsed.ptr == ',') std::from_chars(parsed.ptr + 1, end, second);
    return {first, second};
}

/// information_schema prints four characters of a label behind a backslash, in any sql_mode.
char unescaped(char c) {
    switch (c) {
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case '0':
            return '\0';
        default:
            return c;
    }
}

void read_columns(MysqlConnection& connection, const std::string& where, TableSchema& schema) {
    auto rows = connection.query(
        "SELECT column_name, data_type, column_type, is_nullable, character_set_name, extra, "
        "generation_expression, collation_name, character_maximum_length FROM "
        "information_schema.columns" +
        where + " ORDER BY ordinal_position");
    while (const auto row = rows.next()) {
        Column column;
        column.name = row->text(0);
        if (!parse_mysql_type((*row)[1], (*row)[2], column)) {
            throw Error(ErrorKind::data,
                        fmt::format("column `{}` of {} has type {}, which is not known",
                                    column.name, schema.display_name(), (*row)[2]),
                        "leave the table out with [filter] ignore_tbs");
        }
        column.nullable = (*row)[3] == "YES";
        column.charset = row->text(4);
        column.collation = row->text(7);
        column.type_name = row->text(1);
        if (column.type == ColumnType::text && !row->is_null(8))
            column.length = static_cast<std::uint32_t>(row->number(8));
        column.generated = !(*row)[6].empty();
        schema.columns.push_back(std::move(column));
    }
}

void read_keys(MysqlConnection& connection, const std::string& where, TableSchema& schema) {
    // MySQL leaves column_name NULL for a key over an expression.
    auto rows = connection.query(
        "SELECT index_name, column_name, sub_part, nullable FROM information_schema.statistics" +
        where + " AND non_unique=0 ORDER BY index_name='PRIMARY' DESC, index_name, seq_in_index");
    while (const auto row = rows.next()) {
        if (schema.unique_keys.empty() || schema.unique_keys.back().name != (*row)[0]) {
            schema.unique_keys.push_back({row->text(0), {}, false, false});
        }
        UniqueKey& key = schema.unique_keys.back();
        const int ordinal = row->is_null(1) ? -1 : schema.find((*row)[1]);
        if (ordinal < 0 || !row->is_null(2)) key.partial = true;
        if (ordinal >= 0) key.columns.push_back(static_cast<std::uint16_t>(ordinal));
        if ((*row)[3] == "YES") key.nullable = true;
    }
    schema.has_primary_key =
        !schema.unique_keys.empty() && schema.unique_keys.front().name == "PRIMARY";
}

}  // namespace

std::vector<std::string> parse_labels(std::string_view column_type) {
    std::vector<std::string> labels;
    std::size_t i = column_type.find('(');
    while (i < column_type.size()) {
        i = column_type.find('\'', i);
        if (i == std::string_view::npos) break;
        std::string label;
        for (++i; i < column_type.size(); ++i) {
            const bool more = i + 1 < column_type.size();
            if (column_type[i] == '\\' && more) {
                label += unescaped(column_type[++i]);
                continue;
            }
            if (column_type[i] == '\'') {
                if (!more || column_type[i + 1] != '\'') break;
                ++i;
            }
            label += column_type[i];
        }
        labels.push_back(std::move(label));
        ++i;
    }
    return labels;
}

bool parse_mysql_type(std::string_view data_type, std::string_view column_type, Column& column) {
    const auto found = known_types().find(data_type);
    if (found == known_types().end()) return false;
    column.type = found->second;
    column.is_unsigned = column_type.find(" unsigned") != std::string_view::npos;
    const auto [first, second] = arguments(column_type);
    switch (column.type) {
        case ColumnType::decimal:
            column.precision = static_cast<std::uint8_t>(first);
            column.scale = static_cast<std::uint8_t>(second);
            break;
        case ColumnType::time:
        case ColumnType::datetime:
        case ColumnType::timestamp:
            column.scale = static_cast<std::uint8_t>(first);
            break;
        case ColumnType::bit:
            column.length = first;
            break;
        case ColumnType::bytes:
            if (data_type == "binary") column.length = first;
            break;
        case ColumnType::enumeration:
        case ColumnType::set:
            column.labels = parse_labels(column_type);
            break;
        default:
            break;
    }
    return true;
}

TableSchemaPtr read_table_schema(MysqlConnection& connection, std::string_view schema,
                                 std::string_view table) {
    auto result = std::make_shared<TableSchema>();
    result->schema = schema;
    result->table = table;
    const std::string where = fmt::format(" WHERE table_schema={} AND table_name={}",
                                          quote_literal(schema), quote_literal(table));
    read_columns(connection, where, *result);
    if (result->columns.empty()) return nullptr;
    read_keys(connection, where, *result);
    return result;
}

}  // namespace dts
