// Can this Postgres be followed? Settings, rights, and what its tables tell of their rows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/client/postgres_client.hpp"
#include "lib/source/postgres/postgres_heartbeat.hpp"
#include "lib/source/source.hpp"

namespace dts {

struct SlotReader {
    std::string slot;
    std::string publication;
    bool truncates = false;  ///< TRUNCATE is wanted
    std::optional<PostgresTableName> heartbeat_table;
    std::optional<PostgresTableName> definition_table;  ///< [extractor] ddl_meta_tb
    bool is_two_way = false;  ///< another dts writes to it, whose changes are passed over
};

/// Throws Error{config, permission} that names every thing missing, each with a HINT.
void check_wal_source(PostgresConnection& connection, const SlotReader& reader,
                      const TableSelector& selector);

/// What works, and the operator should know.
std::vector<std::string> wal_source_notes(PostgresConnection& connection, const SlotReader& reader,
                                          const TableSelector& selector);

}  // namespace dts
