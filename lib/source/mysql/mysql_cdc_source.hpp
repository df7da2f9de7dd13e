// Follows the binlog of a MySQL or MariaDB server as a replica would. The parts: binlog_stream (the
// network), transaction_decoder (events to batches), table_registry (whose rows they are),
// binlog_inventory and mysql_preflight (questions to the server).
#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "lib/client/mysql_client.hpp"
#include "lib/source/source.hpp"

namespace dts {

struct MysqlCdcOptions {
    MysqlEndpoint endpoint;
    std::uint32_t server_id = 0;
    std::string client_name = "dts";  ///< names the task to the operators of the source
    bool gtid_enabled = false;
    std::string gtid_set;
    std::string binlog_filename;
    std::uint64_t binlog_position = 0;
    std::chrono::seconds binlog_heartbeat_interval{10};
    std::chrono::seconds binlog_timeout{60};  ///< silence of the server that counts as a dead one
    std::chrono::seconds keepalive_idle{60};
    int heartbeat_interval_secs = 10;  ///< these two for start_line() only
    std::string heartbeat_tb;
    TableSelector selector;
    std::size_t batch_changes = 16'000;              ///< a batch ends with about as many
    std::size_t batch_bytes = std::size_t{8} << 20;  ///< or as much memory
};

class MysqlCdcSource final : public Source {
  public:
    explicit MysqlCdcSource(MysqlCdcOptions options);
    ~MysqlCdcSource() override;

    void preflight() override;
    std::vector<std::string> notes() const override { return notes_; }
    std::string identity() override;
    PositionPtr current_end() override;
    PositionPtr configured_start() override;
    Holding holds(const Position& position) override;
    std::string start_line(const Position& position) const override;
    /// A connection attempt that is under way when interrupted ends with its own time-out.
    void open(const PositionPtr& position) override;
    ChangeBatchPtr next() override;
    bool is_caught_up() const noexcept override;
    void acknowledge(const Position& position) override;
    void interrupt() noexcept override;

  private:
    struct Reader;

    MysqlCdcOptions options_;
    std::unique_ptr<Reader> reader_;
    std::vector<std::string> notes_;
    std::exception_ptr pending_error_;  ///< thrown by the next next()
    std::atomic<bool> interrupted_ = false;
};

}  // namespace dts
