#include "lib/source/postgres/definition_table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/client/postgres_catalog.hpp"
#include "lib/source/postgres/definition_log.hpp"
#include "lib/source/postgres/slot_inventory.hpp"

namespace dts {

namespace {

constexpr const char* how_to_make =
    "make it with the statements in the README, \"DDL between two Postgres\", or take ddl_meta_tb "
    "out of the file";

}  // namespace

void check_definition_table(PostgresConnection& connection, const PostgresTableName& name,
                            const std::string& publication, Findings& findings) {
    const auto table = read_postgres_table(connection, name.schema, name.table);
    const std::string what = "[extractor] ddl_meta_tb: table " + name.display_name();
    if (!table) {
        findings.add(ErrorKind::config, what + " is not there", how_to_make);
        return;
    }
    const auto& columns = DefinitionRow::columns();
    const auto missing = std::find_if(columns.begin(), columns.end(),
                                      [&](const auto& column) { return table->find(column) < 0; });
    if (missing != columns.end()) {
        findings.add(ErrorKind::config, fmt::format("{} has no column {}", what, *missing),
                     how_to_make);
        return;
    }
    if (!publication_exists(connection, publication) || publishes(connection, publication, name))
        return;
    findings.add(ErrorKind::config,
                 fmt::format("{} is not sent by publication {}: no statement would arrive", what,
                             publication),
                 fmt::format("ALTER PUBLICATION {} ADD TABLE {} at the source",
                             postgres::quote_identifier(publication), name.display_name()));
}

void note_missing_triggers(PostgresConnection& connection, const PostgresTableName& name,
                           bool is_two_way, std::vector<std::string>& notes) {
    const auto has = [&](const char* event, const char* states) {
        return connection
            .scalar(fmt::format("SELECT 1 FROM pg_catalog.pg_event_trigger WHERE evtevent={} AND "
                                "evtenabled IN ({}) LIMIT 1",
                                postgres::quote_literal(event), states))
            .has_value();
    };
    for (const char* event : {"ddl_command_end", "sql_drop"}) {
        if (!has(event, "'O', 'A'")) {
            notes.push_back(fmt::format(
                "no event trigger on {} that is enabled writes to ddl_meta_tb ({}): such "
                "statements of the source do not arrive; the README has the one it needs, \"DDL "
                "between two Postgres\"",
                event, name.display_name()));
        } else if (is_two_way && !has(event, "'A'")) {
            // Replicas' sessions, as the sink's is, fire no other.
            notes.push_back(fmt::format(
                "the event trigger on {} that writes to ddl_meta_tb ({}) is not enabled for what "
                "another dts applies to the source: the publication is not given the tables that "
                "it makes; ALTER EVENT TRIGGER ... ENABLE ALWAYS at the source",
                event, name.display_name()));
        }
    }
}

}  // namespace dts
