#include "lib/client/postgres_catalog.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>

namespace dts {

namespace {

/// Beneath domains: a domain's own modifier is its base type's.
constexpr std::string_view base_type_query =
    "(WITH RECURSIVE b AS (SELECT oid, typnamespace, typname, typtype, typbasetype, typtypmod, "
    "typdelim, atttypmod AS modifier FROM pg_catalog.pg_type WHERE oid=atttypid UNION ALL SELECT "
    "t.oid, t.typnamespace, t.typname, t.typtype, t.typbasetype, t.typtypmod, t.typdelim, "
    "b.typtypmod FROM b JOIN pg_catalog.pg_type t ON t.oid=b.typbasetype WHERE b.typtype='d') "
    "SELECT CASE WHEN typtype='e' THEN 'enum' WHEN nspname='pg_catalog' THEN typname::text ELSE "
    "nspname||'.'||typname END AS name, modifier, typtype<>'c' AND typdelim=',' AS is_element, "
    "CASE WHEN typtype='e' THEN pg_catalog.format_type(b.oid, -1) END AS enum_name FROM b JOIN "
    "pg_catalog.pg_namespace n ON n.oid=typnamespace WHERE typtype<>'d')";

/// Such a collation takes different texts for the same: the column's, or that of a unique index.
constexpr std::string_view collation_query =
    "(SELECT collname FROM pg_catalog.pg_collation c WHERE NOT collisdeterministic AND "
    "(c.oid=attcollation OR EXISTS (SELECT FROM pg_catalog.pg_index i CROSS JOIN LATERAL "
    "pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY k(number, place) WHERE "
    "i.indrelid=attrelid AND i.indisunique AND k.number=attnum AND "
    "i.indcollation[k.place::int-1]=c.oid)) LIMIT 1)";

/// By what an index tells the values of a column apart; no row where it is no b-tree.
constexpr std::string_view equality_query =
    "(SELECT n.nspname, o.oprname, t.typname, t.typtype='p' AS is_any FROM pg_catalog.pg_opclass f "
    "JOIN pg_catalog.pg_type t ON t.oid=f.opcintype JOIN pg_catalog.pg_am m ON m.oid=f.opcmethod "
    "AND m.amname='btree' JOIN pg_catalog.pg_amop a ON a.amopfamily=f.opcfamily AND "
    "a.amoplefttype=f.opcintype AND a.amoprighttype=f.opcintype AND a.amopstrategy=3 JOIN "
    "pg_catalog.pg_operator o ON o.oid=a.amopopr JOIN pg_catalog.pg_namespace n ON "
    "n.oid=o.oprnamespace WHERE f.oid=i.indclass[k.place::int-1])";

/// In which collation an index does, where that is not its column's.
constexpr std::string_view key_collation_query =
    "(SELECT n.nspname, l.collname FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_collation l "
    "ON l.oid=i.indcollation[k.place::int-1] AND l.oid<>a.attcollation JOIN "
    "pg_catalog.pg_namespace n ON n.oid=l.collnamespace WHERE a.attrelid=i.indrelid AND "
    "a.attnum=k.attnum)";

/// The ordinal of each attribute number that is a column still.
using Ordinals = std::map<int, std::uint16_t>;

int number_of(std::string_view text) {
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

Ordinals read_columns(PostgresConnection& connection, const std::string& oid, TableSchema& schema) {
    const auto rows = connection.query_prepared(
        fmt::format(
            "SELECT attnum, attname, coalesce(enum_name, pg_catalog.format_type(atttypid, -1)), "
            "attnotnull, {}, attidentity='a', base.name, base.modifier, {}, base.is_element FROM "
            "pg_catalog.pg_attribute, LATERAL {} base WHERE attrelid=$1::pg_catalog.oid AND "
            "attnum>0 AND NOT attisdropped ORDER BY attnum",
            connection.version() >= 120000 ? "attgenerated<>''" : "false",
            connection.version() >= 120000 ? collation_query : "NULL", base_type_query),
        {oid});
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
        // An array of arrays is one array of more dimensions, which comes apart into single values.
        column.fits_array = rows.at(i, 9) == "t" && !column.type_name.ends_with("[]");
        schema.columns.push_back(std::move(column));
    }
    return ordinals;
}

/// One column of a key, as the server tells of it. Names are empty where there is none.
struct KeyPart {
    std::string_view operator_schema, operator_name, takes;
    bool takes_any = false;
    std::string_view collation_schema, collation;
};

/// Does a plain = do what the operator does? It is looked for in pg_catalog alone, and reads a text
/// beside it as what it compares, which is no composite type, nor the name of an object whose
/// number it is.
bool is_plain(const KeyPart& part, const Column& column) {
    const bool is_own = column.base_type.find('.') != std::string::npos;
    const bool is_polymorphic = part.takes_any && part.takes != "record";
    const bool is_taken =
        is_polymorphic || (part.takes != "record" && !is_own &&
                           (part.takes != "oid" || part.takes == column.base_type));
    return part.operator_schema == "pg_catalog" && part.operator_name == "=" && is_taken;
}

/// Column::equality.
std::string equality_of(const KeyPart& part, const Column& column) {
    if (part.operator_name.empty()) return {};
    std::string before;
    // It takes no domain.
    if (part.takes == "anyenum") before = "::" + column.type_name;
    if (!part.collation.empty())
        before = fmt::format(" COLLATE {}.{}", postgres::quote_identifier(part.collation_schema),
                             postgres::quote_identifier(part.collation));
    if (!is_plain(part, column))
        return fmt::format("{} OPERATOR({}.{})", before,
                           postgres::quote_identifier(part.operator_schema), part.operator_name);
    return before.empty() ? before : before + "=";
}

/// Of each key, and each column of it.
using Equalities = std::vector<std::vector<std::string>>;

/// A column is compared as the key of the rows does it. A key that tells its values apart otherwise
/// is left to the server, as one over an expression is.
void take_equalities(const Equalities& equalities, TableSchema& schema) {
    std::map<std::uint16_t, std::string> taken;
    const auto take = [&](std::size_t i) {
        UniqueKey& key = schema.unique_keys[i];
        for (std::size_t k = 0; k < key.columns.size(); ++k) {
            const std::string& equality = equalities[i][k];
            const auto [found, is_first] = taken.emplace(key.columns[k], equality);
            if (is_first) schema.columns[key.columns[k]].equality = equality;
            key.partial = key.partial || found->second != equality;
        }
    };
    const UniqueKey* row_key = schema.row_key();
    if (row_key != nullptr) take(static_cast<std::size_t>(row_key - schema.unique_keys.data()));
    for (std::size_t i = 0; i < schema.unique_keys.size(); ++i) take(i);
}

/// Columns that an index only carries along (INCLUDE) are none of its key. ON CONFLICT does not
/// look at exclusion constraints, and is refused where the table has rules.
void read_keys(PostgresConnection& connection, const std::string& oid, const Ordinals& ordinals,
               TableSchema& schema) {
    const auto rows = connection.query_prepared(
        fmt::format(
            "SELECT n.relname, i.indisprimary, i.indpred IS NOT NULL, k.attnum, NOT "
            "i.indimmediate, NOT (c.relhasrules OR EXISTS (SELECT FROM pg_catalog.pg_index x "
            "WHERE x.indrelid=i.indrelid AND x.indisexclusion)), e.nspname, e.oprname, e.typname, "
            "e.is_any, l.nspname, l.collname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class "
            "n ON n.oid=i.indexrelid JOIN pg_catalog.pg_class c ON c.oid=i.indrelid CROSS JOIN "
            "LATERAL pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY k(attnum, "
            "place) LEFT JOIN LATERAL {} e ON true LEFT JOIN LATERAL {} l ON true WHERE "
            "i.indrelid=$1::pg_catalog.oid AND i.indisunique AND i.indisvalid AND "
            "k.place<=i.indnkeyatts ORDER BY i.indisprimary DESC, n.relname, k.place",
            equality_query, key_collation_query),
        {oid});
    Equalities equalities;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto name = rows.at(i, 0);
        if (schema.unique_keys.empty() || schema.unique_keys.back().name != name) {
            UniqueKey key{std::string(name), {}, false, rows.at(i, 2) == "t"};
            key.deferrable = rows.at(i, 4) == "t";
            key.finds_conflicts = !key.partial && !key.deferrable && rows.at(i, 5) == "t";
            schema.unique_keys.push_back(std::move(key));
            equalities.emplace_back();
        }
        schema.has_primary_key = schema.has_primary_key || rows.at(i, 1) == "t";
        UniqueKey& key = schema.unique_keys.back();
        const auto ordinal = ordinals.find(number_of(rows.at(i, 3)));
        if (ordinal == ordinals.end()) {
            key.partial = true;  // over an expression
            key.finds_conflicts = false;
            continue;
        }
        const Column& column = schema.columns[ordinal->second];
        key.columns.push_back(ordinal->second);
        key.nullable = key.nullable || column.nullable;
        const KeyPart part{rows.at(i, 6),        rows.at(i, 7),  rows.at(i, 8),
                           rows.at(i, 9) == "t", rows.at(i, 10), rows.at(i, 11)};
        equalities.back().push_back(equality_of(part, column));
    }
    take_equalities(equalities, schema);
}

}  // namespace

TableSchemaPtr read_postgres_table(PostgresConnection& connection, std::string_view schema,
                                   std::string_view table) {
    const auto found = connection.query_prepared(
        "SELECT c.oid, c.relkind='p', c.relhasrules FROM pg_catalog.pg_class c JOIN "
        "pg_catalog.pg_namespace n ON n.oid=c.relnamespace WHERE n.nspname=$1 AND c.relname=$2 "
        "AND c.relkind IN ('r', 'p', 'f')",
        {std::string(schema), std::string(table)});
    if (found.size() == 0) return nullptr;
    const std::string oid = found.text(0, 0);
    auto result = std::make_shared<TableSchema>();
    result->schema = schema;
    result->table = table;
    result->names_fold_case = false;
    result->is_partitioned = found.at(0, 1) == "t";
    result->has_rules = found.at(0, 2) == "t";
    const Ordinals ordinals = read_columns(connection, oid, *result);
    read_keys(connection, oid, ordinals, *result);
    return result;
}

}  // namespace dts
