#include "lib/source/postgres/postgres_preflight.hpp"

#include <fmt/format.h>

#include "lib/source/findings.hpp"
#include "lib/source/postgres/definition_table.hpp"
#include "lib/source/postgres/published_tables.hpp"
#include "lib/source/postgres/slot_inventory.hpp"

namespace dts {

namespace {

constexpr std::size_t most_named = 10;
constexpr int oldest_version = 120000;

std::string setting(PostgresConnection& connection, const std::string& name) {
    return connection
        .scalar("SELECT setting FROM pg_catalog.pg_settings WHERE name=" +
                postgres::quote_literal(name))
        .value_or("");
}

void check_settings(PostgresConnection& connection, const SlotReader& reader, Findings& findings) {
    if (connection.version() < oldest_version) {
        findings.add(ErrorKind::config,
                     fmt::format("it is version {}, too old", connection.version() / 10000),
                     "Postgres 12 or later is needed");
        return;
    }
    if (const auto level = setting(connection, "wal_level"); level != "logical") {
        findings.add(ErrorKind::config, fmt::format("wal_level is '{}'", level),
                     "ALTER SYSTEM SET wal_level='logical' at the source, and restart it");
    }
    if (connection.parameter("in_hot_standby") == "on" && connection.version() < 160000) {
        findings.add(ErrorKind::config, "it is a standby, which can be followed from version 16 on",
                     "name its primary in the url");
        return;
    }
    if (read_slot(connection, reader.slot)) return;
    const auto free_slots = connection.scalar(
        "SELECT 1 FROM pg_catalog.pg_replication_slots HAVING "
        "pg_catalog.count(*)<pg_catalog.current_setting('max_replication_slots')::int");
    if (!free_slots) {
        findings.add(ErrorKind::config,
                     fmt::format("all its replication slots are in use (max_replication_slots={})",
                                 setting(connection, "max_replication_slots")),
                     "drop one that is not needed (pg_drop_replication_slot), or raise "
                     "max_replication_slots and restart it");
    }
}

void check_right(PostgresConnection& connection, Findings& findings) {
    const auto may = connection.scalar(
        "SELECT rolsuper OR rolreplication FROM pg_catalog.pg_roles WHERE rolname=current_user");
    if (may == "t") return;
    const auto user = connection.scalar("SELECT current_user").value_or("");
    // Some services grant it by membership in a role of their own: then connecting decides.
    const auto role = connection.scalar(
        "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname IN ('rds_replication', "
        "'rds_superuser', 'cloudsqlsuperuser', 'azure_pg_admin') AND "
        "pg_catalog.pg_has_role(current_user, oid, 'member') LIMIT 1");
    if (role) return;
    findings.add(ErrorKind::permission, fmt::format("the account {} lacks REPLICATION", user),
                 fmt::format("ALTER ROLE {} REPLICATION", postgres::quote_identifier(user)));
}

std::string named(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < names.size() && i < most_named; ++i)
        text += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > most_named) text += fmt::format(" and {} more", names.size() - most_named);
    return text;
}

std::vector<std::string> without_identity(const std::vector<SubscribedTable>& tables) {
    std::vector<std::string> names;
    for (const auto& table : tables)
        if (!table.has_identity) names.push_back(table.display_name());
    return names;
}

}  // namespace

void check_wal_source(PostgresConnection& connection, const SlotReader& reader,
                      const TableSelector& selector) {
    Findings findings;
    check_settings(connection, reader, findings);
    check_right(connection, findings);
    // Once published, such tables refuse their own updates and deletes at the source.
    if (!publication_exists(connection, reader.publication)) {
        const auto names = without_identity(subscribed_tables(connection, selector));
        if (!names.empty()) {
            findings.add(ErrorKind::config,
                         fmt::format("these tables have no replica identity, and would refuse "
                                     "updates and deletes once published: {}",
                                     named(names)),
                         "ALTER TABLE ... REPLICA IDENTITY FULL, or give them a primary key, or "
                         "make the publication yourself (WITH (publish='insert')), or leave them "
                         "out with [filter] ignore_tbs");
        }
    }
    if (reader.definition_table) {
        check_definition_table(connection, *reader.definition_table, reader.publication, findings);
    }
    findings.throw_if_any();
}

std::vector<std::string> wal_source_notes(PostgresConnection& connection, const SlotReader& reader,
                                          const TableSelector& selector) {
    std::vector<std::string> notes;
    if (const auto keep = setting(connection, "max_slot_wal_keep_size");
        !keep.empty() && keep != "-1") {
        notes.push_back(fmt::format(
            "the source drops what slot {} holds when it is more than {} MB behind "
            "(max_slot_wal_keep_size): a task that is stopped for long can not go on then",
            reader.slot, keep));
    }
    if (reader.definition_table)
        note_missing_triggers(connection, *reader.definition_table, reader.is_two_way, notes);
    if (!publication_exists(connection, reader.publication)) return notes;
    if (reader.heartbeat_table &&
        !publishes(connection, reader.publication, *reader.heartbeat_table)) {
        notes.push_back(
            fmt::format("publication {0} does not send the heartbeat table {1}, so that its rows "
                        "move the position on no sooner than the server's signs of life do; ALTER "
                        "PUBLICATION {0} ADD TABLE {1} at the source adds it",
                        postgres::quote_identifier(reader.publication),
                        reader.heartbeat_table->display_name()));
    }
    const auto tables = subscribed_tables(connection, selector, reader.publication);
    std::vector<std::string> missing, unlogged;
    for (const auto& table : tables) {
        if (!table.is_logged) {
            unlogged.push_back(table.display_name());
        } else if (!table.is_published) {
            missing.push_back(table.display_name());
        }
    }
    if (!missing.empty()) {
        notes.push_back(
            fmt::format("the filter selects tables that publication {} does not send: {}; ALTER "
                        "PUBLICATION ... ADD TABLE at the source adds them from then on",
                        reader.publication, named(missing)));
    }
    if (!unlogged.empty())
        notes.push_back(fmt::format("unlogged tables can not be followed: {}", named(unlogged)));
    if (const auto names = without_identity(tables); !names.empty()) {
        notes.push_back(
            fmt::format("tables without a replica identity, whose updates and deletes "
                        "fail at the source while they are published: {}",
                        named(names)));
    }
    const auto left_out = connection.scalar(fmt::format(
        "SELECT pg_catalog.concat_ws(', ', CASE WHEN NOT pubinsert THEN 'inserts' END, CASE WHEN "
        "NOT pubupdate THEN 'updates' END, CASE WHEN NOT pubdelete THEN 'deletes' END, CASE WHEN "
        "{} AND NOT pubtruncate THEN 'TRUNCATE' END) FROM pg_catalog.pg_publication WHERE "
        "pubname={}",
        reader.truncates, postgres::quote_literal(reader.publication)));
    if (left_out && !left_out->empty())
        notes.push_back(
            fmt::format("publication {} does not send {}", reader.publication, *left_out));
    return notes;
}

}  // namespace dts
