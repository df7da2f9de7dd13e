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

PositionTable::PositionTable(Options options) : options_(std::move(options)) {}

std::string PositionTable::table(const PositionSql& sql) const {
    return sql.identifier(options_.name.schema) + "." + sql.identifier(options_.name.table);
}

std::string PositionTable::where(const PositionSql& sql) const {
    return fmt::format(
        " WHERE task_id={} AND resumer_type='CdcDoing' AND position_key='default_key'",
        sql.literal(options_.task_id));
}

/// As this worker left it. The token alone would not do: after a crash or a failover the target may
/// have lost what it committed last, and what follows must not be applied on top of that.
std::string PositionTable::guarded(const PositionSql& sql) const {
    const std::string row =
        fmt::format("{} AND position_data={}", where(sql), sql.literal(stored_));
    return has_owner_ ? fmt::format("{} AND owner_token={}", row, sql.literal(options_.owner_token))
                      : row;
}

std::optional<std::string> PositionTable::read(PositionSql& sql) const {
    if (!sql.table_exists(options_.name)) return std::nullopt;
    auto row = sql.row(fmt::format("SELECT position_data FROM {}{}", table(sql), where(sql)));
    if (!row || row->front().empty()) return std::nullopt;
    return std::move(row->front());
}

void PositionTable::create(PositionSql& sql) {
    if (!sql.table_exists(options_.name)) sql.create_table(options_.name);
    has_owner_ = sql.has_column(options_.name, "owner_token");
}

std::optional<std::string> PositionTable::claim(PositionSql& sql) {
    constexpr unsigned patience_secs =
        1;  // the lock of a worker that has just died goes with its connection
    if (!sql.take_lock(lock_key(sql), patience_secs)) {
        sql.begin();
        const auto owner = sql.row(fmt::format("SELECT {} FROM {}{}", has_owner_ ? "owner" : "''",
                                               table(sql), where(sql)));
        sql.execute("COMMIT");
        evict(sql, owner ? owner->front() : "");
    }

    // The row lock waits for a transaction of an earlier owner that is still being committed; once
    // our token is in, that owner's next transaction fails.
    sql.begin();
    const auto row = read_locked(sql);
    if (row && options_.held_before) require_ours(sql, row);
    if (row && has_owner_) {
        sql.execute(fmt::format("UPDATE {} SET owner_token={}, owner={}{}", table(sql),
                                sql.literal(options_.owner_token), sql.literal(options_.owner),
                                where(sql)));
    }
    sql.execute("COMMIT");
    has_row_ = row.has_value();
    stored_ = row ? row->position : "";
    return row ? std::optional(row->position) : std::nullopt;
}

std::optional<PositionTable::Row> PositionTable::read_locked(PositionSql& sql) const {
    auto row =
        sql.row(fmt::format("SELECT position_data, {} FROM {}{} FOR UPDATE",
                            has_owner_ ? "owner_token, owner" : "'', ''", table(sql), where(sql)));
    if (!row) return std::nullopt;
    return Row{std::move((*row)[0]), std::move((*row)[1]), std::move((*row)[2])};
}

/// A row that names this log directory is ours also with another token: this worker holds that
/// directory's lock, so the row is an older one that a backup has brought back.
const PositionTable::Row& PositionTable::require_ours(const PositionSql& sql,
                                                      const std::optional<Row>& row) const {
    if (!row) {
        throw Error(ErrorKind::checkpoint,
                    fmt::format("the target has lost the checkpoint of task '{}' (in {})",
                                options_.task_id, table(sql)),
                    "the target was wiped or replaced while the task ran: restore it");
    }
    if (!has_owner_ || row->owner_token == options_.owner_token || row->owner == options_.owner) {
        return *row;
    }
    throw Error(ErrorKind::log_directory,
                fmt::format("the checkpoint of task '{}' in {} is no longer owned by this worker: "
                            "another worker has taken the task over: {}",
                            options_.task_id, table(sql), row->owner),
                "run one worker for a task; look at the row's columns owner and updated_at");
}

std::uint64_t PositionTable::lock_key(const PositionSql& sql) const {
    return fnv1a(table(sql) + '\n' + options_.task_id);
}

PositionTable::Found PositionTable::renew(PositionSql& sql, const std::string& position_json) {
    sql.take_lock(lock_key(sql), 0);
    sql.begin();
    const auto row = read_locked(sql);
    sql.execute("COMMIT");
    if (!row && !has_row_) return Found::not_committed;
    const Row& ours = require_ours(sql, row);
    if (ours.position == position_json) return Found::committed;
    return has_row_ && ours.position == stored_ ? Found::not_committed : Found::went_back;
}

/// Somebody holds the lock by name. A worker of the same log directory is dead, since that
/// directory is locked by us: what the server still sees is its lost connection. Any other is
/// alive.
void PositionTable::evict(PositionSql& sql, const std::string& owner) {
    const auto holder = sql.lock_holder(lock_key(sql));
    if (owner != options_.owner && !options_.take_over) {
        throw Error(
            ErrorKind::log_directory,
            fmt::format("task '{}' is held by another worker: {} (connection {} of the target)",
                        options_.task_id, owner.empty() ? "unknown" : owner, holder),
            "stop that worker, or set [global] on_conflict=take_over");
    }
    sql.end_connection(holder);
    sql.take_lock(lock_key(sql), 5);
}

void PositionTable::store(PositionSql& sql, const std::string& position_json) {
    check_stored(sql, sql.execute(store_statement(sql, position_json)));
}

/// Two workers that both found no row meet at the unique key of INSERT: one of them fails.
std::string PositionTable::store_statement(const PositionSql& sql,
                                           const std::string& position_json) const {
    if (has_row_) {
        return fmt::format("UPDATE {} SET position_data={}, updated_at=CURRENT_TIMESTAMP(6){}",
                           table(sql), sql.literal(position_json), guarded(sql));
    }
    const auto values = fmt::format("{}, 'CdcDoing', 'default_key', {}",
                                    sql.literal(options_.task_id), sql.literal(position_json));
    constexpr std::string_view columns = "task_id, resumer_type, position_key, position_data";
    if (!has_owner_) {
        return fmt::format("INSERT INTO {} ({}) VALUES ({})", table(sql), columns, values);
    }
    return fmt::format("INSERT INTO {} ({}, owner_token, owner) VALUES ({}, {}, {})", table(sql),
                       columns, values, sql.literal(options_.owner_token),
                       sql.literal(options_.owner));
}

void PositionTable::check_stored(PositionSql& sql, std::uint64_t matched_rows) const {
    if (matched_rows != 1) throw_not_as_left(sql);
}

void PositionTable::guard(PositionSql& sql) {
    if (!sql.row(fmt::format("SELECT 1 FROM {}{} FOR UPDATE", table(sql), guarded(sql)))) {
        throw_not_as_left(sql);
    }
}

void PositionTable::throw_not_as_left(PositionSql& sql) const {
    const Row row = require_ours(sql, read_locked(sql));
    throw Error(
        ErrorKind::transient,
        fmt::format("the target's checkpoint in {} is {}, though {} was committed last: the "
                    "target has lost commits",
                    table(sql), row.position, stored_));
}

}  // namespace dts
