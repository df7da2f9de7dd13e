// The position table's SQL for MySQL and MariaDB. The session has autocommit off.
#pragma once

#include "lib/checkpoint/position_sql.hpp"
#include "lib/client/mysql_client.hpp"

namespace dts {

class MysqlPositionSql final : public PositionSql {
  public:
    explicit MysqlPositionSql(MysqlConnection& connection) : connection_(connection) {}

    std::string identifier(std::string_view name) const override { return quote_identifier(name); }
    std::string literal(std::string_view text) const override { return quote_literal(text); }
    std::optional<std::vector<std::string>> row(const std::string& sql) override;
    std::uint64_t execute(const std::string& sql) override { return connection_.execute(sql); }
    void begin() override {}
    bool table_exists(const PositionTableName& name) override;
    void create_table(const PositionTableName& name) override;
    bool has_column(const PositionTableName& name, std::string_view column) override;
    bool take_lock(std::uint64_t key, unsigned wait_secs) override;
    std::string lock_holder(std::uint64_t key) override;
    void end_connection(const std::string& holder) override;

  private:
    MysqlConnection& connection_;
};

}  // namespace dts
