// The position table's SQL for Postgres. The lock by name is a session-level advisory lock.
#pragma once

#include "lib/checkpoint/position_sql.hpp"
#include "lib/client/postgres_client.hpp"

namespace dts {

class PostgresPositionSql final : public PositionSql {
  public:
    explicit PostgresPositionSql(PostgresConnection& connection) : connection_(connection) {}

    std::string identifier(std::string_view name) const override {
        return postgres::quote_identifier(name);
    }
    std::string literal(std::string_view text) const override {
        return postgres::quote_literal(text);
    }
    std::optional<std::vector<std::string>> row(const std::string& sql) override;
    std::uint64_t execute(const std::string& sql) override { return connection_.execute(sql); }
    void begin() override { connection_.execute("BEGIN"); }
    bool table_exists(const PositionTableName& name) override;
    void create_table(const PositionTableName& name) override;
    bool has_column(const PositionTableName& name, std::string_view column) override;
    bool take_lock(std::uint64_t key, unsigned wait_secs) override;
    std::string lock_holder(std::uint64_t key) override;
    void end_connection(const std::string& holder) override;

  private:
    PostgresConnection& connection_;
};

}  // namespace dts
