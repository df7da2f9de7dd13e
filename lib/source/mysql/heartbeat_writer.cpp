#include "lib/source/mysql/heartbeat_writer.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <optional>

namespace dts {

HeartbeatWriter::HeartbeatWriter(Options options, std::function<void(const std::string&)> note)
    : options_(std::move(options)),
      note_(std::move(note)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

HeartbeatWriter::~HeartbeatWriter() {
    thread_.request_stop();
}

void HeartbeatWriter::flushed(const PositionPtr& position) {
    std::lock_guard lock(mutex_);
    flushed_ = position;
}

void HeartbeatWriter::run(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    std::optional<MysqlConnection> connection;
    bool noted = false;
    while (!stop.stop_requested()) {
        try {
            if (!connection) {
                connection.emplace(options_.endpoint);
                connection->execute("SET SESSION time_zone='+00:00', autocommit=1");
                create_table(*connection);
            }
            beat(*connection);
        } catch (const Error& error) {
            connection.reset();
            if (!noted) note_(fmt::format("the heartbeat table is not written: {}", error.what()));
            noted = true;
        }
        wake.wait_for(lock, stop, options_.interval, [] { return false; });
    }
}

void HeartbeatWriter::create_table(MysqlConnection& connection) const {
    const auto exists = connection.scalar(fmt::format(
        "SELECT 1 FROM information_schema.tables WHERE table_schema={} AND table_name={}",
        quote_literal(options_.schema), quote_literal(options_.table)));
    if (exists) return;
    connection.execute("CREATE DATABASE IF NOT EXISTS " + quote_identifier(options_.schema));
    connection.execute(
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

void HeartbeatWriter::beat(MysqlConnection& connection) {
    PositionPtr flushed;
    {
        std::lock_guard lock(mutex_);
        flushed = flushed_;
    }
    std::string columns = "update_timestamp=UTC_TIMESTAMP(3)";
    if (const auto* position = dynamic_cast<const MysqlPosition*>(flushed.get())) {
        columns += fmt::format(
            ", flushed_binlog_filename={}, flushed_next_event_position={}, "
            "flushed_timestamp=FROM_UNIXTIME({}.{:03})",
            quote_literal(position->binlog_filename), position->next_event_position,
            position->timestamp_ms / 1000, position->timestamp_ms % 1000);
    }
    connection.execute(
        fmt::format("INSERT INTO {}.{} SET server_id={}, {} ON DUPLICATE KEY UPDATE {}",
                    quote_identifier(options_.schema), quote_identifier(options_.table),
                    options_.server_id, columns, columns));
}

}  // namespace dts
