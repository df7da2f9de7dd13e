// Updates one row of a heartbeat table in the source, so that the position moves on while the
// subscribed tables are idle. The table is created where it is missing; its shape is that of
// ape-dts. Runs a thread of its own; a source that is away for a while is no error here, the reader
// notices it.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "lib/client/mysql_client.hpp"
#include "lib/position/mysql_position.hpp"

namespace dts {

class HeartbeatWriter {
  public:
    struct Options {
        MysqlEndpoint endpoint;
        std::uint32_t server_id = 0;
        std::string schema;
        std::string table;
        std::chrono::seconds interval{10};
    };
    /// `note` is called once, by the heartbeat's thread, when the table cannot be written.
    HeartbeatWriter(Options options, std::function<void(const std::string&)> note);
    ~HeartbeatWriter();

    /// What the row says of the task's progress: how far the source was read, and how far the
    /// target has it. Any thread.
    void received(PositionPtr position);
    void flushed(PositionPtr position);

  private:
    void run(const std::stop_token& stop);
    void create_table(MysqlConnection& connection) const;
    void beat(MysqlConnection& connection);

    Options options_;
    std::function<void(const std::string&)> note_;
    std::mutex mutex_;
    PositionPtr received_;
    PositionPtr flushed_;
    std::jthread thread_;
};

}  // namespace dts
