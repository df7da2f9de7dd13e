#include "lib/source/postgres/postgres_heartbeat.hpp"

#include <fmt/format.h>

#include "lib/position/postgres_position.hpp"

namespace dts {

namespace {

using postgres::quote_identifier;
using postgres::quote_literal;

PostgresEndpoint impatient(PostgresEndpoint endpoint) {
    endpoint.connect_timeout_secs = heartbeat_patience_secs;
    endpoint.settings.emplace_back("statement_timeout",
                                   fmt::format("{}s", heartbeat_patience_secs));
    endpoint.client_name += " heartbeat";
    return endpoint;
}

/// Names and values of the two columns that say `position`; none where there is none yet.
std::vector<std::pair<std::string, std::string>> columns_of(std::string_view what,
                                                            const PositionPtr& position) {
    const auto* postgres = dynamic_cast<const PostgresPosition*>(position.get());
    if (postgres == nullptr) return {};
    return {{fmt::format("{}_lsn", what), quote_literal(lsn_text(postgres->lsn))},
            {fmt::format("{}_timestamp", what),
             fmt::format("pg_catalog.to_timestamp({}.{:03})", postgres->timestamp_ms / 1000,
                         postgres->timestamp_ms % 1000)}};
}

}  // namespace

void create_heartbeat_table(PostgresConnection& connection, const PostgresTableName& name) {
    const auto has = [&](const char* catalog, const std::string& condition) {
        return connection.scalar(
            fmt::format("SELECT 1 FROM pg_catalog.{} WHERE {}", catalog, condition));
    };
    // Asked first: IF NOT EXISTS asks for the right to create all the same.
    if (has("pg_tables", fmt::format("schemaname={} AND tablename={}", quote_literal(name.schema),
                                     quote_literal(name.table))))
        return;
    if (!has("pg_namespace", "nspname=" + quote_literal(name.schema)))
        connection.execute("CREATE SCHEMA IF NOT EXISTS " + quote_identifier(name.schema));
    connection.execute(
        fmt::format("CREATE TABLE IF NOT EXISTS {} ("
                    "slot_name text PRIMARY KEY, restart_lsn pg_catalog.pg_lsn, "
                    "confirmed_flush_lsn pg_catalog.pg_lsn, "
                    "update_timestamp timestamp with time zone, "
                    "received_lsn pg_catalog.pg_lsn, "
                    "received_timestamp timestamp with time zone, "
                    "flushed_lsn pg_catalog.pg_lsn, "
                    "flushed_timestamp timestamp with time zone)",
                    name.display_name()));
}

PostgresHeartbeat::PostgresHeartbeat(Options options)
    : options_(std::move(options)), connection_(impatient(options_.endpoint)) {
    create_heartbeat_table(connection_, options_.table);
}

void PostgresHeartbeat::beat(const PositionPtr& received, const PositionPtr& flushed) {
    std::vector<std::pair<std::string, std::string>> columns = {
        {"restart_lsn", "s.restart_lsn"},
        {"confirmed_flush_lsn", "s.confirmed_flush_lsn"},
        {"update_timestamp", "pg_catalog.now()"}};
    for (const auto& [what, position] : {std::pair("received", received), {"flushed", flushed}})
        for (auto& column : columns_of(what, position)) columns.push_back(std::move(column));
    std::string names, values, updates;
    for (const auto& [name, value] : columns) {
        names += ", " + name;
        values += ", " + value;
        updates += fmt::format("{}{}=EXCLUDED.{}", updates.empty() ? "" : ", ", name, name);
    }
    connection_.execute(fmt::format(
        "INSERT INTO {} (slot_name{}) SELECT n.slot{} FROM (SELECT {}::text AS slot) n LEFT JOIN "
        "pg_catalog.pg_replication_slots s ON s.slot_name=n.slot ON CONFLICT (slot_name) DO UPDATE "
        "SET {}",
        options_.table.display_name(), names, values, quote_literal(options_.slot), updates));
}

}  // namespace dts
