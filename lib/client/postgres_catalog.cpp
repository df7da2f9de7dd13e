#include "lib/client/postgres_catalog.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>

namespace dts {

namespace {

/// Beneath domains: a domain's own modifier is its base type's.
constexpr std::string_view base_type_query =
    "(WITH RECURSIVE b AS (SELECT typnamespace, typname, typtype, typbasetype, typtypmod, "
    "atttypmod AS modifier FROM pg_catalog.pg_type WHERE oid=atttypid UNION ALL SELECT "
    "t.typnamespace, t.typname, t.typtype, t.typbasetype, t.typtypmod, b.typtypmod FROM b JOIN "
    "pg_catalog.pg_type t ON t.oid=b.typbasetype WHERE b.typtype='d') SELECT CASE WHEN "
    "typtype='e' THEN 'enum' WHEN nspname='pg_catalog' THEN typname::text ELSE "
    "nspname||'.'||typname END AS name, modifier FROM b JOIN pg_catalog.pg_namespace n ON "
    "n.oid=typnamespace WHERE typtype<>'d')";

/// Such a collation takes different texts for the same.
constexpr std::string_view collation_query =
    "(SELECT collname FROM pg_catalog.pg_collation c WHERE c.oid=attcollation AND NOT "
    "collisdeterministic)";

/// The ordinal of each attribute number that is a column still.
using Ordinals = std::map<int, std::uint16_t>;

int number_of(std::string_view text) {
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

Ordinals read_columns(PostgresConnection& connection, const std::string& oid, TableSchema& schema) {
    const auto rows = connection.query(fmt::format(
        "SELECT attnum, attname, pg_catalog.format_type(atttypid, -1), attnotnull, {}, "
        "attidentity='a', base.name, base.modifier, {} FROM pg_catalog.pg_attribute, LATERAL {} "
        "base "
        "WHERE attrelid={} AND attnum>0 AND NOT attisdropped ORDER BY attnum",
        connection.version() >= 120000 ? "attgenerated<>''" : "false",
        connection.version() >= 120000 ? collation_query : "NULL", base_type_query, oid));
    Ordinals ordinals;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        ordinals[number_of(rows.at(i, 0))] = static_cast<std::uint16_t>(schema.columns.size());
        Column column;
        column.name = rows.text(i, 1);
        column.type_name = rows.text(i, 2);
        column.nullable = rows.at(i, 3) != "t";
        column.generated = rows.at(i, 4) == "t";
        column.always_identity = rows.at(i, 5) == "t";
        column.base_type = rows.text(i, 6);
        column.type_modifier = number_of(rows.at(i, 7));
        column.collation = rows.text(i, 8);
        schema.columns.push_back(std::move(column));
    }
    return ordinals;
}

/// Columns that an index only carries along (INCLUDE) are none of its key.
void read_keys(PostgresConnection& connection, const std::string& oid, const Ordinals& ordinals,
               TableSchema& schema) {
    const auto rows = connection.query(fmt::format(
        "SELECT c.relname, i.indisprimary, i.indpred IS NOT NULL, k.attnum FROM "
        "pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid=i.indexrelid, "
        "LATERAL pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY k(attnum, place) "
        "WHERE i.indrelid={} AND i.indisunique AND i.indisvalid AND k.place<=i.indnkeyatts "
        "ORDER BY i.indisprimary DESC, c.relname, k.place",
        oid));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto name = rows.at(i, 0);
        if (schema.unique_keys.empty() || schema.unique_keys.back().name != name) {
            schema.unique_keys.push_back({std::string(name), {}, false, rows.at(i, 2) == "t"});
        }
        schema.has_primary_key = schema.has_primary_key || rows.at(i, 1) == "t";
        UniqueKey& key = schema.unique_keys.back();
        const auto ordinal = ordinals.find(number_of(rows.at(i, 3)));
        if (ordinal == ordinals.end()) {
            key.partial = true;  // over an expression
            continue;
        }
        key.columns.push_back(ordinal->second);
        key.nullable = key.nullable || schema.columns[ordinal->second].nullable;
    }
}

}  // namespace

TableSchemaPtr read_postgres_table(PostgresConnection& connection, std::string_view schema,
                                   std::string_view table) {
    const auto found = connection.query(fmt::format(
        "SELECT c.oid, c.relkind='p' FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON "
        "n.oid=c.relnamespace WHERE n.nspname={} AND c.relname={} AND c.relkind IN ('r', 'p', 'f')",
        postgres::quote_literal(schema), postgres::quote_literal(table)));
    if (found.size() == 0) return nullptr;
    const std::string oid = found.text(0, 0);
    auto result = std::make_shared<TableSchema>();
    result->schema = schema;
    result->table = table;
    result->names_fold_case = false;
    result->is_partitioned = found.at(0, 1) == "t";
    const Ordinals ordinals = read_columns(connection, oid, *result);
    read_keys(connection, oid, ordinals, *result);
    return result;
}

}  // namespace dts
