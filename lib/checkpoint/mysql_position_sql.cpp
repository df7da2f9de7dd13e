#include "lib/checkpoint/mysql_position_sql.hpp"

#include <fmt/format.h>

namespace dts {

namespace {

std::string lock_name(std::uint64_t key) {
    return fmt::format("dts:{:016x}", key);
}

}  // namespace

std::optional<std::vector<std::string>> MysqlPositionSql::row(const std::string& sql) {
    auto result = connection_.query(sql);
    const auto row = result.next();
    if (!row) return std::nullopt;
    std::vector<std::string> texts;
    for (unsigned i = 0; i < row->size(); ++i) texts.push_back(row->text(i));
    return texts;
}

bool MysqlPositionSql::table_exists(const PositionTableName& name) {
    return connection_
        .scalar(fmt::format(
            "SELECT 1 FROM information_schema.tables WHERE table_schema={} AND table_name={}",
            quote_literal(name.schema), quote_literal(name.table)))
        .has_value();
}

bool MysqlPositionSql::has_column(const PositionTableName& name, std::string_view column) {
    return connection_
        .scalar(fmt::format("SELECT 1 FROM information_schema.columns WHERE table_schema={} AND "
                            "table_name={} AND column_name={}",
                            quote_literal(name.schema), quote_literal(name.table),
                            quote_literal(column)))
        .has_value();
}

void MysqlPositionSql::create_table(const PositionTableName& name) {
    connection_.execute("CREATE DATABASE IF NOT EXISTS " + quote_identifier(name.schema));
    connection_.execute(fmt::format(
        "CREATE TABLE IF NOT EXISTS {}.{} ("
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
        quote_identifier(name.schema), quote_identifier(name.table)));
}

bool MysqlPositionSql::take_lock(std::uint64_t key, unsigned wait_secs) {
    try {
        return connection_.scalar(
                   fmt::format("SELECT GET_LOCK('{}', {})", lock_name(key), wait_secs)) == "1";
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::data) throw;
        return true;  // some clusters have none
    }
}

std::string MysqlPositionSql::lock_holder(std::uint64_t key) {
    return connection_.scalar(fmt::format("SELECT IS_USED_LOCK('{}')", lock_name(key)))
        .value_or("?");
}

void MysqlPositionSql::end_connection(const std::string& holder) {
    try {
        connection_.execute("KILL " + holder);
    } catch (const Error&) {
        // It may have gone by itself, or the account may not: the wait that follows and the token
        // decide.
    }
}

}  // namespace dts
