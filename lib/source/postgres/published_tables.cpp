#include "lib/source/postgres/published_tables.hpp"

#include <fmt/format.h>

namespace dts {

std::vector<SubscribedTable> subscribed_tables(PostgresConnection& connection,
                                               const TableSelector& selector,
                                               const std::string& publication) {
    // A partitioned table has the identity that its partitions have.
    const auto result = connection.query(fmt::format(
        "SELECT n.nspname, c.relname, c.relreplident IN ('f', 'i') OR (c.relreplident='d' AND "
        "EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid=c.oid AND i.indisprimary)), "
        "c.relpersistence<>'u', COALESCE(rn.nspname, ''), COALESCE(r.relname, ''), "
        "p.tablename IS NOT NULL "
        "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid=c.relnamespace "
        "LEFT JOIN pg_catalog.pg_class r ON c.relispartition AND "
        "r.oid=pg_catalog.pg_partition_root(c.oid) "
        "LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid=r.relnamespace "
        "LEFT JOIN pg_catalog.pg_publication_tables p ON p.pubname={} AND "
        "p.schemaname=n.nspname AND p.tablename=c.relname "
        "WHERE c.relkind IN ('r', 'p') AND c.relpersistence<>'t' AND n.nspname NOT LIKE 'pg\\_%' "
        "AND n.nspname<>'information_schema' ORDER BY 1, 2",
        postgres::quote_literal(publication)));
    std::vector<SubscribedTable> tables;
    for (std::size_t i = 0; i < result.size(); ++i) {
        if (!selector(result.at(i, 0), result.at(i, 1))) continue;
        if (!result.at(i, 5).empty() && selector(result.at(i, 4), result.at(i, 5))) continue;
        tables.push_back({result.text(i, 0), result.text(i, 1), result.at(i, 2) == "t",
                          result.at(i, 3) == "t", result.at(i, 6) == "t"});
    }
    return tables;
}

bool publishes(PostgresConnection& connection, const std::string& publication,
               const PostgresTableName& name) {
    using postgres::quote_literal;
    return connection
        .scalar(fmt::format(
            "SELECT 1 FROM pg_catalog.pg_publication p WHERE pubname={} AND (puballtables OR "
            "EXISTS (SELECT FROM pg_catalog.pg_publication_tables t WHERE t.pubname=p.pubname AND "
            "t.schemaname={} AND t.tablename={}))",
            quote_literal(publication), quote_literal(name.schema), quote_literal(name.table)))
        .has_value();
}

}  // namespace dts
