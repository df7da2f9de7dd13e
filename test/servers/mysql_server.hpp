// A throwaway MySQL 9.7, run from the private tree that test/servers/fetch-mysql makes.
#pragma once

#include "test/servers/database_server.hpp"

namespace dts::test {

class MysqlServer final : public DatabaseServer {
  public:
    /// Starts it with an empty data directory. Throws where it is not available.
    explicit MysqlServer(ServerOptions options = {});

    /// Nothing where it can be had, else why it cannot: the reason to skip a test with.
    static std::optional<std::string> why_unavailable();

  private:
    std::vector<std::string> command_line() const override;
    std::string binlog_end_query() const override { return "SHOW BINARY LOG STATUS"; }
    std::string gtid_set_query() const override {
        return "SELECT REPLACE(@@global.gtid_executed, '\\n', '')";
    }
};

}  // namespace dts::test
