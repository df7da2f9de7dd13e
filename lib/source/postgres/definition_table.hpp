// Is the table of the source's definition statements there, as definition_log reads it, and does
// something write to it?
#pragma once

#include <string>
#include <vector>

#include "lib/client/postgres_client.hpp"
#include "lib/source/findings.hpp"
#include "lib/source/postgres/published_tables.hpp"

namespace dts {

/// Adds what is missing: the table, columns, its place in the publication where that exists.
void check_definition_table(PostgresConnection& connection, const PostgresTableName& name,
                            const std::string& publication, Findings& findings);

/// Adds a note where no event trigger is enabled that notes statements as they end, or as they
/// drop; of a source that another dts writes to (`is_two_way`), enabled for those of that one, too.
void note_missing_triggers(PostgresConnection& connection, const PostgresTableName& name,
                           bool is_two_way, std::vector<std::string>& notes);

}  // namespace dts
