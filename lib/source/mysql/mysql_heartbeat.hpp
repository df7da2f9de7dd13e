// The heartbeat's row in a MySQL or MariaDB source, one for each server_id. The table's shape is
// that of ape-dts.
#pragma once

#include "lib/client/mysql_client.hpp"
#include "lib/source/heartbeat_writer.hpp"

namespace dts {

class MysqlHeartbeat final : public HeartbeatSession {
  public:
    struct Options {
        MysqlEndpoint endpoint;
        std::uint32_t server_id = 0;
        std::string schema;
        std::string table;
    };
    explicit MysqlHeartbeat(Options options);

    void beat(const PositionPtr& received, const PositionPtr& flushed) override;
    /// The endpoint's time-outs are short.
    void interrupt() noexcept override {}

  private:
    void create_table();

    Options options_;
    MysqlConnection connection_;
};

}  // namespace dts
