#include "lib/source/mysql/mysql_heartbeat.hpp"

#include <fmt/format.h>

#include "lib/position/mysql_position.hpp"

namespace dts {

namespace {

MysqlEndpoint impatient(MysqlEndpoint endpoint) {
    endpoint.connect_timeout_secs = endpoint.read_timeout_secs = heartbeat_patience_secs;
    return endpoint;
}

/// The three columns that say `position`, to set; nothing where there is none yet.
std::string columns_of(std::string_view what, const PositionPtr& position) {
    const auto* mysql = dynamic_cast<const MysqlPosition*>(position.get());
    if (mysql == nullptr) return {};
    return fmt::format(
        ", {0}_binlog_filename={1}, {0}_next_event_position={2}, "
        "{0}_timestamp=FROM_UNIXTIME({3}.{4:03})",
        what, quote_literal(mysql->binlog_filename), mysql->next_event_position,
        mysql->timestamp_ms / 1000, mysql->timestamp_ms % 1000);
}

}  // namespace

MysqlHeartbeat::MysqlHeartbeat(Options options)
    : options_(std::move(options)), connection_(impatient(options_.endpoint)) {
    create_table();
}

void MysqlHeartbeat::create_table() {
    const auto exists = connection_.scalar(fmt::format(
        "SELECT 1 FROM information_schema.tables WHERE table_schema={} AND table_name={}",
        quote_literal(options_.schema), quote_literal(options_.table)));
    if (exists) return;
    connection_.execute("CREATE DATABASE IF NOT EXISTS " + quote_identifier(options_.schema));
    connection_.execute(
        fmt::format("CREATE TABLE IF NOT EXISTS {}.{} ("
                    "server_id INT UNSIGNED NOT NULL PRIMARY KEY,"
                    "update_timestamp DATETIME(3),"
                    "received_binlog_filename VARCHAR(255),"
                    "received_next_event_position BIGINT UNSIGNED,"
                    "received_timestamp DATETIME(3),"
                    "flushed_binlog_filename VARCHAR(255),"
                    "flushed_next_event_position BIGINT UNSIGNED,"
                    "flushed_timestamp DATETIME(3))",
                    quote_identifier(options_.schema), quote_identifier(options_.table)));
}

void MysqlHeartbeat::beat(const PositionPtr& received, const PositionPtr& flushed) {
    const std::string columns = "update_timestamp=UTC_TIMESTAMP(3)" +
                                columns_of("received", received) + columns_of("flushed", flushed);
    connection_.execute(
        fmt::format("INSERT INTO {}.{} SET server_id={}, {} ON DUPLICATE KEY UPDATE {}",
                    quote_identifier(options_.schema), quote_identifier(options_.table),
                    options_.server_id, columns, columns));
}

}  // namespace dts
