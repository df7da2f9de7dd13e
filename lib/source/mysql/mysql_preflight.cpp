#include "lib/source/mysql/mysql_preflight.hpp"

#include <fmt/format.h>

#include <strings.h>
#include <vector>

#include "lib/source/findings.hpp"
#include "lib/source/mysql/dump_request.hpp"

namespace dts {

namespace {

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string variable(MysqlConnection& connection, std::string_view name) {
    return connection.scalar(fmt::format("SELECT @@global.{}", name)).value_or("");
}

void require(MysqlConnection& connection, Findings& findings, std::string_view name,
             std::string_view wanted) {
    const auto value = variable(connection, name);
    if (same(value, wanted)) return;
    findings.add(
        ErrorKind::config, fmt::format("{} is '{}'", name, value),
        fmt::format("SET GLOBAL {}='{}' at the source, and reconnect its writers", name, wanted));
}

void check_settings(MysqlConnection& connection, const BinlogClient& client, Findings& findings) {
    if (variable(connection, "log_bin") != "1") {
        findings.add(ErrorKind::config, "it writes no binlog (log_bin is OFF)",
                     "start it with --log-bin and --binlog-format=ROW");
        return;
    }
    require(connection, findings, "binlog_format", "ROW");
    require(connection, findings, "binlog_row_image", "FULL");
    if (connection.is_mariadb()) return;
    if (connection.version() >= 80'003)
        require(connection, findings, "binlog_row_value_options", "");
    if (client.gtid_enabled && !same(variable(connection, "gtid_mode"), "ON"))
        findings.add(ErrorKind::config, "gtid_enabled=true, and its gtid_mode is not ON",
                     "switch it on step by step (OFF_PERMISSIVE, ON_PERMISSIVE, ON), or set "
                     "gtid_enabled=false");
}

/// The account as the server knows it, for a GRANT: 'name'@'host'.
std::string account(MysqlConnection& connection) {
    const auto user = connection.scalar("SELECT CURRENT_USER()").value_or("");
    const auto at = user.rfind('@');
    if (at == std::string::npos) return quote_literal(user);
    return quote_literal(user.substr(0, at)) + '@' + quote_literal(user.substr(at + 1));
}

/// Tries, and turns a refusal into a finding.
template <typename Attempt>
void check_right(MysqlConnection& connection, Findings& findings, std::string_view right,
                 Attempt attempt) {
    try {
        attempt();
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::permission) throw;
        const auto grantee = account(connection);
        findings.add(ErrorKind::permission, fmt::format("the account {} lacks {}", grantee, right),
                     fmt::format("GRANT {} ON *.* TO {}", right, grantee));
    }
}

/// Another replica or task that is registered with the same server_id. What is left of this task's
/// own last run does not count: the server drops it when the new stream begins.
void check_server_id(MysqlConnection& connection, const BinlogClient& client, Findings& findings) {
    if (variable(connection, "server_id") == std::to_string(client.server_id)) {
        findings.add(ErrorKind::config,
                     fmt::format("server_id {} is the source's own", client.server_id),
                     "give this task a server_id that no server of the replication uses");
        return;
    }
    const bool newer_word = !connection.is_mariadb() && connection.version() >= 80'022;
    std::optional<MysqlResult> result;
    try {
        result = connection.query(newer_word ? "SHOW REPLICAS" : "SHOW SLAVE HOSTS");
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::permission) return;  // then the server itself tells, later
        throw;
    }
    const auto id_column = result->column("Server_id");
    const auto host_column = result->column("Host");
    const auto uuid_column = result->column(newer_word ? "Replica_UUID" : "Slave_UUID");
    const auto own_uuid = replica_uuid(client.server_id, client.name);
    while (auto row = result->next()) {
        if (!id_column || row->number(*id_column) != client.server_id) continue;
        const auto host = host_column ? row->text(*host_column) : std::string();
        const bool is_self = uuid_column ? (*row)[*uuid_column] == own_uuid : host == client.name;
        if (is_self) continue;
        findings.add(
            ErrorKind::config,
            fmt::format("server_id {} is in use by the replica '{}'{}", client.server_id, host,
                        uuid_column ? fmt::format(" ({})", (*row)[*uuid_column]) : ""),
            "give this task a server_id of its own");
    }
}

/// Of a variable that not every version has: nothing where it has not.
std::optional<std::string> variable_if_known(MysqlConnection& connection, std::string_view name) {
    auto result =
        connection.query(fmt::format("SHOW GLOBAL VARIABLES LIKE {}", quote_literal(name)));
    const auto row = result.next();
    if (!row) return std::nullopt;
    return row->text(1);
}

void note_metadata(MysqlConnection& connection, std::vector<std::string>& notes) {
    const auto metadata = variable_if_known(connection, "binlog_row_metadata");
    if (metadata && same(*metadata, "FULL")) return;
    notes.push_back(fmt::format(
        "the source's binlog does not name columns (binlog_row_metadata is {}): rows written "
        "before a table was altered are refused when the task first meets them after it, HINT: {}",
        metadata ? "'" + *metadata + "'" : "not known to its version",
        metadata ? "SET GLOBAL binlog_row_metadata=FULL at the source"
                 : "let the task catch up before a table is altered"));
}

/// MySQL runs the rules itself, not InnoDB, from 9.6 on: what they change stands in the binlog.
bool logs_cascades(MysqlConnection& connection) {
    const auto native = variable_if_known(connection, "innodb_native_foreign_keys");
    return native && same(*native, "OFF");
}

void note_cascades(MysqlConnection& connection, const TableSelector& is_subscribed,
                   std::vector<std::string>& notes) {
    constexpr std::size_t most_named = 5;
    if (logs_cascades(connection)) return;
    auto result = connection.query(
        "SELECT constraint_schema, table_name FROM information_schema.referential_constraints "
        "WHERE delete_rule IN ('CASCADE', 'SET NULL') OR update_rule IN ('CASCADE', 'SET NULL') "
        "GROUP BY constraint_schema, table_name ORDER BY constraint_schema, table_name");
    std::string tables;
    std::size_t count = 0;
    while (const auto row = result.next()) {
        if (!is_subscribed((*row)[0], (*row)[1]) || ++count > most_named) continue;
        tables += fmt::format("{}`{}`.`{}`", count > 1 ? ", " : "", (*row)[0], (*row)[1]);
    }
    if (count == 0) return;
    if (count > most_named) tables += fmt::format(" and {} more", count - most_named);
    notes.push_back(fmt::format(
        "rows of {} that a foreign key's CASCADE or SET NULL changes do not stand in the binlog: "
        "the target keeps them as they were, HINT: [sinker] disable_foreign_key_checks=false lets "
        "the target, where it has the same foreign keys, change them itself",
        tables));
}

}  // namespace

std::vector<std::string> binlog_source_notes(MysqlConnection& connection,
                                             const TableSelector& is_subscribed) {
    std::vector<std::string> notes;
    note_metadata(connection, notes);
    note_cascades(connection, is_subscribed, notes);
    return notes;
}

void check_binlog_source(MysqlConnection& connection, const BinlogClient& client) {
    Findings findings;
    if (client.server_id == 0)
        findings.add(ErrorKind::config, "server_id is 0", "set [extractor] server_id");
    check_settings(connection, client, findings);
    const bool newer_rights = connection.is_mariadb() && connection.version() >= 100'502;
    check_right(connection, findings, newer_rights ? "BINLOG MONITOR" : "REPLICATION CLIENT",
                [&] { connection.query("SHOW BINARY LOGS"); });
    check_server_id(connection, client, findings);
    check_right(connection, findings, "REPLICATION SLAVE", [&] {
        DumpRequest request;
        request.server_id = client.server_id;
        request.client_name = client.name;
        register_replica(connection, request);
    });
    findings.throw_if_any();
}

}  // namespace dts
