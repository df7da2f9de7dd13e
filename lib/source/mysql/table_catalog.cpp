#include "lib/source/mysql/table_catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "lib/client/mysql_catalog.hpp"

namespace dts {

namespace {

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

/// nothing for a type this program does not know: such a table is refused when rows of it come.
std::optional<ColumnType> column_type_of(std::string_view data_type) {
    struct Entry {
        std::string_view name;
        ColumnType type;
    };
    static constexpr auto table = std::to_array<Entry>({
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
        {"uuid", ColumnType::text},
        {"inet4", ColumnType::text},
        {"inet6", ColumnType::text},
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
    });
    const auto* found = std::find_if(table.begin(), table.end(),
                                     [&](const Entry& e) { return e.name == data_type; });
    if (found == table.end()) return std::nullopt;
    return found->type;
}

bool is_generated(std::string_view extra) {
    // MySQL says DEFAULT_GENERATED of a mere default; MariaDB said PERSISTENT and VIRTUAL alone.
    return contains(extra, "VIRTUAL") || contains(extra, "STORED GENERATED") ||
           contains(extra, "PERSISTENT");
}

Column read_column(const MysqlRow& row, std::string_view data_type) {
    enum {
        name,
        type_name,
        full_type,
        nullable,
        charset,
        precision,
        scale,
        fraction,
        length,
        extra
    };
    Column column;
    column.name = row.text(name);
    column.type = column_type_of(data_type).value_or(ColumnType::bytes);
    column.nullable = row[nullable] == "YES";
    column.is_unsigned = contains(row[full_type], "unsigned");
    column.generated = is_generated(row[extra]);
    switch (column.type) {
        case ColumnType::enumeration:
        case ColumnType::set:
            column.labels = parse_labels(row[full_type]);
            [[fallthrough]];
        case ColumnType::text:
            column.charset = row.is_null(charset) ? "ascii" : row.text(charset);
            break;
        case ColumnType::decimal:
            column.precision = static_cast<std::uint8_t>(row.number(precision));
            column.scale = static_cast<std::uint8_t>(row.number(scale));
            break;
        case ColumnType::bit:
            column.length = static_cast<std::uint32_t>(row.number(precision));
            break;
        case ColumnType::time:
        case ColumnType::datetime:
        case ColumnType::timestamp:
            column.scale = static_cast<std::uint8_t>(row.number(fraction));
            break;
        case ColumnType::bytes:
            if (data_type == "binary")
                column.length = static_cast<std::uint32_t>(row.number(length));
            break;
        default:
            break;
    }
    return column;
}

std::string of_table(std::string_view schema, std::string_view table) {
    return fmt::format("table_schema = {} AND table_name = {}", quote_literal(schema),
                       quote_literal(table));
}

void read_columns(MysqlConnection& connection, TableDefinition& definition) {
    auto result = connection.query(fmt::format(
        "SELECT column_name, data_type, column_type, is_nullable, character_set_name, "
        "numeric_precision, numeric_scale, datetime_precision, character_octet_length, extra "
        "FROM information_schema.columns WHERE {} ORDER BY ordinal_position",
        of_table(definition.schema.schema, definition.schema.table)));
    while (auto row = result.next()) {
        definition.data_types.push_back(lower((*row)[1]));
        definition.octets.push_back(row->is_null(8) ? 0 : row->number(8));
        definition.schema.columns.push_back(read_column(*row, definition.data_types.back()));
    }
}

void read_keys(MysqlConnection& connection, TableDefinition& definition) {
    TableSchema& schema = definition.schema;
    auto result = connection.query(
        fmt::format("SELECT index_name, column_name, sub_part, nullable, index_type "
                    "FROM information_schema.statistics WHERE {} AND non_unique = 0 "
                    "ORDER BY index_name = 'PRIMARY' DESC, index_name, seq_in_index",
                    of_table(schema.schema, schema.table)));
    while (auto row = result.next()) {
        enum { key_name, column_name, prefix, nullable, index_type };
        if (schema.unique_keys.empty() || schema.unique_keys.back().name != (*row)[key_name]) {
            schema.unique_keys.push_back({row->text(key_name), {}, false, false});
            // A MEMORY table's HASH is a real index; the others keep a hidden column for it.
            if ((*row)[index_type] == "HASH") ++definition.hash_keys;
        }
        UniqueKey& key = schema.unique_keys.back();
        // An expression has no column; a prefix does not tell rows apart.
        const int ordinal = row->is_null(column_name) ? -1 : schema.find((*row)[column_name]);
        if (ordinal >= 0) key.columns.push_back(static_cast<std::uint16_t>(ordinal));
        if (ordinal < 0 || !row->is_null(prefix)) key.partial = true;
        if ((*row)[nullable] == "YES") key.nullable = true;
    }
    schema.has_primary_key =
        !schema.unique_keys.empty() && schema.unique_keys.front().name == "PRIMARY";
}

std::int64_t read_time(MysqlConnection& connection, const TableDefinition& definition) {
    auto result = connection.query(
        fmt::format("SELECT UNIX_TIMESTAMP(create_time) FROM information_schema.tables WHERE {}",
                    of_table(definition.schema.schema, definition.schema.table)));
    const auto row = result.next();
    return row && !row->is_null(0) ? static_cast<std::int64_t>(row->number(0)) : 0;
}

bool can_roll_back(std::string_view engine) {
    static constexpr auto engines = std::to_array<std::string_view>(
        {"myisam", "aria", "memory", "csv", "archive", "mrg_myisam", "blackhole", "federated"});
    return std::find(engines.begin(), engines.end(), engine) == engines.end();
}

}  // namespace

MysqlConnection& MysqlCatalog::connection() {
    if (!connection_) {
        connection_ = std::make_unique<AskedConnection>(endpoint_, questions_);
        // create_time is shown in the session's zone, where an hour may come twice a year.
        connection_->execute("SET SESSION time_zone = '+00:00'");
        if (!connection_->is_mariadb() && connection_->version() >= 80'030) {
            // Its hidden primary keys travel in the binlog, so the catalog must show them too.
            connection_->execute(
                "SET SESSION show_gipk_in_create_table_and_information_schema = ON");
        }
    }
    return *connection_;
}

/// Asks again, once, over a new connection when the old one turns out to be dead.
template <typename Ask>
auto MysqlCatalog::ask(Ask question) {
    const bool fresh = !connection_;
    try {
        return question(connection());
    } catch (const Error& error) {
        connection_.reset();
        if (fresh || error.kind() != ErrorKind::transient) throw;
    }
    return question(connection());
}

std::optional<TableDefinition> MysqlCatalog::find(std::string_view schema, std::string_view table) {
    return ask([&](MysqlConnection& connection) -> std::optional<TableDefinition> {
        auto result =
            connection.query(fmt::format("SELECT table_schema, table_name, engine, table_type "
                                         "FROM information_schema.tables WHERE {}",
                                         of_table(schema, table)));
        auto row = result.next();
        if (!row) return std::nullopt;
        TableDefinition definition;
        definition.schema.schema = schema;
        definition.schema.table = table;
        definition.is_transactional = can_roll_back(lower((*row)[2]));
        definition.is_system_versioned = contains((*row)[3], "SYSTEM VERSIONED");
        read_columns(connection, definition);
        read_keys(connection, definition);
        // Asked last: a table that is altered meanwhile then counts as newer, not as older.
        definition.defined_at = read_time(connection, definition);
        return definition;
    });
}

bool MysqlCatalog::is_mariadb() {
    return ask([](MysqlConnection& connection) { return connection.is_mariadb(); });
}

std::string MysqlCatalog::charset_of(std::uint32_t collation) {
    if (charsets_.empty()) load_charsets();
    const auto found = charsets_.find(collation);
    return found == charsets_.end() ? std::string() : found->second;
}

std::string MysqlCatalog::to_utf8(std::string_view text, std::string_view charset) {
    std::string hex;
    for (const char c : text) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return ask([&](MysqlConnection& connection) {
        return connection
            .scalar(fmt::format("SELECT CONVERT(_{} x'{}' USING utf8mb4)", charset, hex))
            .value_or("");
    });
}

void MysqlCatalog::load_charsets() {
    ask([&](MysqlConnection& connection) {
        // MariaDB's newer collations have their numbers per character set, in another table.
        const bool per_charset = connection.is_mariadb() && connection.version() >= 101'000;
        auto result = connection.query(
            per_charset ? "SELECT id, character_set_name FROM "
                          "information_schema.collation_character_set_applicability"
                        : "SELECT id, character_set_name FROM information_schema.collations");
        while (auto row = result.next())
            charsets_.emplace(static_cast<std::uint32_t>(row->number(0)), row->text(1));
        return true;
    });
}

}  // namespace dts
