#include "lib/source/postgres/slot_inventory.hpp"

#include <fmt/format.h>

#include "lib/position/postgres_position.hpp"
#include "lib/source/postgres/published_tables.hpp"

namespace dts {

namespace {

using postgres::quote_identifier;
using postgres::quote_literal;

constexpr const char* gap_hint =
    "copy the tables anew, and start with an empty log directory: a new slot does not hold what "
    "lies between";

std::uint64_t lsn_of(std::string_view text) {
    const auto lsn = parse_lsn(text);
    if (!lsn) throw Error(ErrorKind::data, fmt::format("the source gives '{}' for an LSN", text));
    return *lsn;
}

bool is_standby(PostgresConnection& connection) {
    return connection.scalar("SELECT pg_catalog.pg_is_in_recovery()") == "t";
}

}  // namespace

std::optional<SlotState> read_slot(PostgresConnection& connection, const std::string& slot) {
    const auto result = connection.query(fmt::format(
        "SELECT COALESCE(plugin, ''), COALESCE(database, ''), slot_type, temporary, {}, "
        "COALESCE(confirmed_flush_lsn::text, '0/0'), {} FROM pg_catalog.pg_replication_slots WHERE "
        "slot_name={}",
        connection.version() >= 130000 ? "COALESCE(wal_status, '')" : "''",
        connection.version() >= 170000 ? "synced AND failover" : "false", quote_literal(slot)));
    if (result.size() == 0) return std::nullopt;
    SlotState state;
    state.plugin = result.text(0, 0);
    state.database = result.text(0, 1);
    state.is_logical = result.at(0, 2) == "logical";
    state.is_temporary = result.at(0, 3) == "t";
    state.is_lost = result.at(0, 4) == "lost";
    state.confirmed_lsn = lsn_of(result.at(0, 5));
    state.is_synchronized = result.at(0, 6) == "t";
    return state;
}

std::uint64_t wal_end(PostgresConnection& connection) {
    return lsn_of(connection
                      .scalar("SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN "
                              "pg_catalog.pg_last_wal_replay_lsn() ELSE "
                              "pg_catalog.pg_current_wal_flush_lsn() END")
                      .value_or("0/0"));
}

bool publication_exists(PostgresConnection& connection, const std::string& publication) {
    return connection
        .scalar("SELECT 1 FROM pg_catalog.pg_publication WHERE pubname=" +
                quote_literal(publication))
        .has_value();
}

Holding slot_holds(PostgresConnection& connection, const std::string& slot,
                   const std::string& publication, std::uint64_t lsn) {
    const auto state = read_slot(connection, slot);
    const auto end = wal_end(connection);
    if (!state) {
        return {
            false, fmt::format("replication slot {} does not exist", slot),
            fmt::format("was it dropped, or is this another server (a failover)? {}", gap_hint)};
    }
    if (state->is_synchronized && is_standby(connection)) {
        throw Error(ErrorKind::transient,
                    fmt::format("slot {} is kept in step with the primary's, and can be read when "
                                "this standby has been promoted",
                                slot),
                    "name the primary in the url, or both");
    }
    if (!state->is_logical || state->plugin != "pgoutput" || state->is_temporary) {
        throw Error(ErrorKind::config,
                    fmt::format("slot {} is not a permanent logical slot of pgoutput, but {} {}",
                                slot, state->is_temporary ? "a temporary one of" : "one of",
                                state->is_logical ? state->plugin : "physical replication"),
                    "name another slot_name");
    }
    const auto database = connection.scalar("SELECT pg_catalog.current_database()").value_or("");
    if (state->database != database) {
        throw Error(ErrorKind::config,
                    fmt::format("slot {} is one of database {}, the url names {}", slot,
                                state->database, database),
                    "name the slot's database in the url, or another slot");
    }
    if (!publication_exists(connection, publication)) {
        throw Error(
            ErrorKind::config,
            fmt::format("publication {} does not exist, and is made at the first start only",
                        publication),
            "changes written without it cannot be read; if it was never there under this "
            "name, correct pub_name");
    }
    const std::string held =
        fmt::format("slot {} holds {} … {}", slot, lsn_text(state->confirmed_lsn), lsn_text(end));
    if (state->is_lost) {
        return {false,
                fmt::format("slot {} has lost its log: it was further behind than "
                            "max_slot_wal_keep_size allows",
                            slot),
                gap_hint};
    }
    if (lsn < state->confirmed_lsn) {
        return {false, held + ": it was made anew, or another reader has moved it on", gap_hint};
    }
    if (lsn > end) {
        return {false, held + ": the position lies behind the end of the server's log",
                "was the source restored from an earlier state? what it has lost stands in the "
                "target: copy the tables anew"};
    }
    return {true, held, ""};
}

void make_publication(PostgresConnection& connection, const std::string& publication,
                      const TableSelector& selector) {
    if (publication_exists(connection, publication)) return;
    const auto tables = subscribed_tables(connection, selector);
    std::string list;
    for (const auto& table : tables) {
        if (!list.empty()) list += ", ";
        list += postgres::quote_table(table.schema, table.table);
    }
    const std::string sql = fmt::format(
        "CREATE PUBLICATION {}{}{}{}", quote_identifier(publication),
        list.empty() ? "" : " FOR TABLE ", list,
        connection.version() >= 130000 ? " WITH (publish_via_partition_root=true)" : "");
    const auto result = connection.try_query(sql);
    if (result.status() == PGRES_COMMAND_OK || result.sqlstate() == "42710") return;
    const Error error =
        connection.error(result.get(), fmt::format("making publication {}", publication));
    throw Error(
        error.kind(), error.text(),
        error.kind() == ErrorKind::permission
            ? "let the tables' owner run CREATE PUBLICATION ... FOR TABLE ..., or grant the "
              "account CREATE on the database, USAGE on the schemas, and the role that owns the "
              "tables"
            : error.hint());
}

std::uint64_t make_slot(PostgresConnection& connection, const std::string& slot, bool anew) {
    const auto state = read_slot(connection, slot);
    if (state && !anew) return state->confirmed_lsn;
    if (state) {
        connection.query(
            fmt::format("SELECT pg_catalog.pg_drop_replication_slot({})", quote_literal(slot)));
    }
    const bool goes_along = connection.version() >= 170000 && !is_standby(connection);
    connection.execute("SET statement_timeout='60s'");
    try {
        const auto lsn = connection.scalar(
            fmt::format("SELECT lsn FROM pg_catalog.pg_create_logical_replication_slot({}, "
                        "'pgoutput'{})",
                        quote_literal(slot), goes_along ? ", failover => true" : ""));
        connection.execute("RESET statement_timeout");
        return lsn_of(lsn.value_or(""));
    } catch (const Error& error) {
        throw Error(error.kind(), error.text(),
                    error.text().find("57014") != std::string::npos
                        ? "a slot begins when every transaction that was writing has ended: look "
                          "for old ones in pg_stat_activity"
                        : error.hint());
    }
}

}  // namespace dts
