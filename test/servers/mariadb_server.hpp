// A throwaway MariaDB: the one that Debian packages, without its service.
#pragma once

#include "test/servers/database_server.hpp"

namespace dts::test {

class MariadbServer final : public DatabaseServer {
  public:
    /// Starts it with an empty data directory: about a second, but for the first ever.
    explicit MariadbServer(ServerOptions options = {});

  private:
    std::vector<std::string> command_line() const override;
    std::string binlog_end_query() const override { return "SHOW MASTER STATUS"; }
    std::string gtid_set_query() const override { return "SELECT @@gtid_current_pos"; }
};

}  // namespace dts::test
