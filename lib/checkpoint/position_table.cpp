#include "lib/checkpoint/position_table.hpp"

#include <fmt/format.h>

#include <utility>

namespace dts {

namespace {

std::uint64_t fnv1a(std::string_view text) {
    std::uint64_t hash = 0xCBF29CE484222325u;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
    return hash;
}

}  // namespace

PositionTable::PositionTable(Options options)
    : options_(std::move(options)),
      table_(quote_identifier(options_.schema) + "." + quote_identifier(options_.table)) {}

std::string PositionTable::where() const {
    return fmt::format(
        " WHERE task_id={} AND resumer_type='CdcDoing' AND position_key='default_key'",
        quote_literal(options_.task_id));
}

/// As this worker left it. The token alone would not do: after a crash or a failover the target may
/// have lost what it committed last, and what follows must not be applied on top of that.
std::string PositionTable::guarded() const {
    const std::string row = fmt::format("{} AND position_data={}", where(), quote_literal(stored_));
    return has_owner_
               ? fmt::format("{} AND owner_token={}", row, quote_literal(options_.owner_token))
               : row;
}

std::optional<std::string> PositionTable::read(MysqlConnection& connection) {
    const auto exists = connection.scalar(fmt::format(
        "SELECT 1 FROM information_schema.tables WHERE table_schema={} AND table_name={}",
        quote_literal(options_.schema), quote_literal(options_.table)));
    if (!exists) return std::nullopt;
    return connection.scalar(fmt::format("SELECT position_data FROM {}{}", table_, where()));
}

void PositionTable::create(MysqlConnection& connection) {
    const auto exists = connection.scalar(fmt::format(
        "SELECT 1 FROM information_schema.tables WHERE table_schema={} AND table_name={}",
        quote_literal(options_.schema), quote_literal(options_.table)));
    if (!exists) {
        connection.execute("CREATE DATABASE IF NOT EXISTS " + quote_identifier(options_.schema));
        connection.execute(fmt::format(
            "CREATE TABLE IF NOT EXISTS {} ("
            "id BIGINT AUTO_INCREMENT PRIMARY KEY,"
            "task_id VARCHAR(255) NOT NULL,"
            "resumer_type VARCHAR(100) NOT NULL,"
            "position_key VARCHAR(255) NOT NULL,"
            "position_data MEDIUMTEXT,"
            "owner_token VARCHAR(64) NOT NULL DEFAULT '',"
            "owner VARCHAR(512) NOT NULL DEFAULT '',"
            "created_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),"
            "updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE "
            "CURRENT_TIMESTAMP(6),"
            "UNIQUE KEY uk_task_position (task_id, resumer_type, position_key)"
            ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC",
            table_));
    }
    has_owner_ =
        connection
            .scalar(fmt::format("SELECT 1 FROM information_schema.columns WHERE table_schema={} "
                                "AND table_name={} AND column_name='owner_token'",
                                quote_literal(options_.schema), quote_literal(options_.table)))
            .has_value();
}

std::optional<std::string> PositionTable::claim(MysqlConnection& connection) {
    const std::string owner_column = has_owner_ ? "owner" : "''";
    constexpr unsigned patience_secs =
        1;  // the lock of a worker that has just died goes with its connection
    const bool locked = take_lock(connection, patience_secs);
    if (!locked) {
        const auto owner =
            connection.scalar(fmt::format("SELECT {} FROM {}{}", owner_column, table_, where()));
        connection.execute("COMMIT");
        evict(connection, owner.value_or(""));
    }

    // The row lock waits for a transaction of an earlier owner that is still being committed; once
    // our token is in, that owner's next transaction fails.
    const auto row = read_locked(connection);
    if (row && options_.held_before) require_ours(row);
    if (row && has_owner_) {
        connection.execute(fmt::format("UPDATE {} SET owner_token={}, owner={}{}", table_,
                                       quote_literal(options_.owner_token),
                                       quote_literal(options_.owner), where()));
    }
    connection.execute("COMMIT");
    has_row_ = row.has_value();
    stored_ = row ? row->position : "";
    return row ? std::optional(row->position) : std::nullopt;
}

std::optional<PositionTable::Row> PositionTable::read_locked(MysqlConnection& connection) const {
    auto result = connection.query(fmt::format("SELECT position_data, {} FROM {}{} FOR UPDATE",
                                               has_owner_ ? "owner_token, owner" : "'', ''", table_,
                                               where()));
    const auto row = result.next();
    if (!row) return std::nullopt;
    return Row{row->text(0), row->text(1), row->text(2)};
}

/// A row that names this log directory is ours also with another token: this worker holds that
/// directory's lock, so the row is an older one that a backup has brought back.
const PositionTable::Row& PositionTable::require_ours(const std::optional<Row>& row) const {
    if (!row) {
        throw Error(ErrorKind::checkpoint,
                    fmt::format("the target has lost the checkpoint of task '{}' (in {})",
                                options_.task_id, table_),
                    "the target was wiped or replaced while the task ran: restore it");
    }
    if (!has_owner_ || row->owner_token == options_.owner_token || row->owner == options_.owner) {
        return *row;
    }
    throw Error(ErrorKind::log_directory,
                fmt::format("the checkpoint of task '{}' in {} is no longer owned by this worker: "
                            "another worker has taken the task over: {}",
                            options_.task_id, table_, row->owner),
                "run one worker for a task; look at the row's columns owner and updated_at");
}

std::string PositionTable::lock_name() const {
    return fmt::format("dts:{:016x}", fnv1a(table_ + '\n' + options_.task_id));
}

/// True also where the server has no named locks (some clusters): the token keeps other owners out
/// then.
bool PositionTable::take_lock(MysqlConnection& connection, unsigned wait_secs) {
    try {
        return connection.scalar(
                   fmt::format("SELECT GET_LOCK('{}', {})", lock_name(), wait_secs)) == "1";
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::data) throw;
        return true;
    }
}

PositionTable::Found PositionTable::renew(MysqlConnection& connection,
                                          const std::string& position_json) {
    take_lock(connection, 0);
    const auto row = read_locked(connection);
    connection.execute("COMMIT");
    if (!row && !has_row_) return Found::not_committed;
    const Row& ours = require_ours(row);
    if (ours.position == position_json) return Found::committed;
    return has_row_ && ours.position == stored_ ? Found::not_committed : Found::went_back;
}

/// Somebody holds the lock by name. A worker of the same log directory is dead, since that
/// directory is locked by us: what the server still sees is its lost connection. Any other is
/// alive.
void PositionTable::evict(MysqlConnection& connection, const std::string& owner) {
    const auto holder =
        connection.scalar(fmt::format("SELECT IS_USED_LOCK('{}')", lock_name())).value_or("?");
    if (owner != options_.owner && !options_.take_over) {
        throw Error(
            ErrorKind::log_directory,
            fmt::format("task '{}' is held by another worker: {} (connection {} of the target)",
                        options_.task_id, owner.empty() ? "unknown" : owner, holder),
            "stop that worker, or set [global] on_conflict=take_over");
    }
    try {
        connection.execute("KILL " + holder);
    } catch (const Error&) {
        // It may have gone by itself, or the account may not: the wait below and the token decide.
    }
    take_lock(connection, 5);
}

void PositionTable::store(MysqlConnection& connection, const std::string& position_json) {
    check_stored(connection, connection.execute(store_statement(position_json)));
}

/// Two workers that both found no row meet at the unique key of INSERT: one of them fails.
std::string PositionTable::store_statement(const std::string& position_json) const {
    if (has_row_) {
        return fmt::format("UPDATE {} SET position_data={}{}", table_, quote_literal(position_json),
                           guarded());
    }
    const std::string owner =
        has_owner_ ? fmt::format(", owner_token={}, owner={}", quote_literal(options_.owner_token),
                                 quote_literal(options_.owner))
                   : "";
    return fmt::format(
        "INSERT INTO {} SET task_id={}, resumer_type='CdcDoing', position_key='default_key', "
        "position_data={}{}",
        table_, quote_literal(options_.task_id), quote_literal(position_json), owner);
}

void PositionTable::check_stored(MysqlConnection& connection, std::uint64_t matched_rows) const {
    if (matched_rows != 1) throw_not_as_left(connection);
}

void PositionTable::guard(MysqlConnection& connection) {
    const auto found =
        connection.scalar(fmt::format("SELECT 1 FROM {}{} FOR UPDATE", table_, guarded()));
    if (!found) throw_not_as_left(connection);
}

void PositionTable::throw_not_as_left(MysqlConnection& connection) const {
    const Row row = require_ours(read_locked(connection));
    throw Error(
        ErrorKind::transient,
        fmt::format("the target's checkpoint in {} is {}, though {} was committed last: the "
                    "target has lost commits",
                    table_, row.position, stored_));
}

}  // namespace dts
