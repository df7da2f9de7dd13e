// Which tables of the source a task is about, and what of them a publication would send.
#pragma once

#include <string>
#include <vector>

#include "lib/client/postgres_client.hpp"
#include "lib/source/source.hpp"

namespace dts {

struct PostgresTableName {
    std::string schema;
    std::string table;

    std::string display_name() const { return postgres::quote_table(schema, table); }
};

struct SubscribedTable {
    std::string schema;
    std::string table;
    bool has_identity = false;  ///< updates and deletes can tell their rows
    bool is_logged = true;      ///< its changes are in the log at all
    bool is_published = false;  ///< by the publication asked about

    std::string display_name() const { return postgres::quote_table(schema, table); }
};

/// Every table that the selector takes, by name. A partition whose root is taken is left out: its
/// changes are sent as the root's.
std::vector<SubscribedTable> subscribed_tables(PostgresConnection& connection,
                                               const TableSelector& selector,
                                               const std::string& publication = {});

/// Does the publication send this table?
bool publishes(PostgresConnection& connection, const std::string& publication,
               const PostgresTableName& name);

}  // namespace dts
