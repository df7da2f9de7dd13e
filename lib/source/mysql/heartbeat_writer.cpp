#include "lib/source/mysql/heartbeat_writer.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <optional>

namespace dts {

namespace {

/// A source that does not answer is tried again at the next beat, and must not hold up the task's
/// end.
MysqlEndpoint impatient(MysqlEndpoint endpoint) {
    constexpr unsigned patience_secs = 5;
    endpoint.connect_timeout_secs = endpoint.read_timeout_secs = patience_secs;
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

HeartbeatWriter::HeartbeatWriter(Options options, std::function<void(const std::string&)> note)
    : options_(std::move(options)),
      note_(std::move(note)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

HeartbeatWriter::~HeartbeatWriter() {
    thread_.request_stop();
}

void HeartbeatWriter::received(PositionPtr position) {
    std::lock_guard lock(mutex_);
    received_ = std::move(position);
}

void HeartbeatWriter::flushed(PositionPtr position) {
    std::lock_guard lock(mutex_);
    flushed_ = std::move(position);
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
                connection.emplace(impatient(options_.endpoint));
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
    PositionPtr received, flushed;
    {
        std::lock_guard lock(mutex_);
        received = received_;
        flushed = flushed_;
    }
    const std::string columns = "update_timestamp=UTC_TIMESTAMP(3)" +
                                columns_of("received", received) + columns_of("flushed", flushed);
    connection.execute(
        fmt::format("INSERT INTO {}.{} SET server_id={}, {} ON DUPLICATE KEY UPDATE {}",
                    quote_identifier(options_.schema), quote_identifier(options_.table),
                    options_.server_id, columns, columns));
}

}  // namespace dts
