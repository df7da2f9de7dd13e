// The heartbeat's row in a Postgres source, one for each slot:
//
//   slot_name text, the key · restart_lsn, confirmed_flush_lsn pg_lsn: the slot's, as of the beat
//   update_timestamp timestamptz · received_lsn pg_lsn, received_timestamp timestamptz: how far dts
//   has read · flushed_lsn, flushed_timestamp: how far the target has it
#pragma once

#include "lib/client/postgres_client.hpp"
#include "lib/source/heartbeat_writer.hpp"
#include "lib/source/postgres/published_tables.hpp"

namespace dts {

/// With its schema; does nothing where it is there.
void create_heartbeat_table(PostgresConnection& connection, const PostgresTableName& name);

class PostgresHeartbeat final : public HeartbeatSession {
  public:
    struct Options {
        PostgresEndpoint endpoint;
        std::string slot;
        PostgresTableName table;
    };
    explicit PostgresHeartbeat(Options options);

    void beat(const PositionPtr& received, const PositionPtr& flushed) override;
    void interrupt() noexcept override { connection_.interrupt(); }

  private:
    Options options_;
    PostgresConnection connection_;
};

}  // namespace dts
