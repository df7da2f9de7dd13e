// Writes to Postgres: COPY for new rows, one DELETE for many keys (postgres_encoder).
#pragma once

#include <atomic>
#include <mutex>

#include "lib/sink/postgres_encoder.hpp"
#include "lib/sink/postgres_session.hpp"
#include "lib/sink/sql_sink.hpp"

namespace dts {

class PostgresSink final : public SqlSink {
  public:
    struct Options {
        PostgresSessionOptions session;
        SqlSink::Options sink;
        std::size_t batch_rows = 1000;  ///< rows of one statement
    };
    explicit PostgresSink(Options options);
    ~PostgresSink() override;

    void preflight() override;
    /// Where a definition statement was executed in the transaction that is open, as that has left
    /// the table: asked in the writer's session, between two groups.
    TableSchemaPtr describe(std::string_view schema, std::string_view table) override;
    void apply(EncodedGroup& group) override;
    void interrupt() noexcept override;

  private:
    void connect() override;
    bool is_connected() const noexcept override { return session_ != nullptr; }
    std::unique_ptr<PositionSql> position_sql() override;
    std::string quoted(const PositionTableName& name) const override;
    std::string rights_for(const PositionTableName& name) const override;
    std::string target_name() const override { return options_.session.endpoint.display_name(); }
    std::unique_ptr<SqlEncodedGroup> make_encoded(WriteGroup group) const override;
    void encode_rows(SqlEncodedGroup& encoded, bool replace) override;
    void begin() override;
    void execute_statements(SqlEncodedGroup& encoded, bool stores) override;
    bool has_savepoints() const noexcept override { return true; }
    void set_savepoint() override;
    void release_savepoint() override;
    void return_to_savepoint() override;
    void commit() override;
    void rollback_transaction() override;
    bool met_existing_row() const noexcept override;

    void throw_interrupted() const;
    void require_stored();
    void miss(const PostgresEncodedGroup& encoded, const PostgresStatement& statement,
              std::uint64_t missed);
    void require_no_rules(const PostgresEncodedGroup& encoded, const PostgresStatement& statement,
                          std::uint64_t missed);
    void require_found(const PostgresEncodedGroup& encoded,
                       const PostgresStatement& statement) const;
    void execute_definition(const PostgresEncodedGroup& encoded, const PostgresStatement& statement,
                            std::string_view sql);
    void open_catalog();
    TableSchemaPtr describe_by(PostgresConnection& connection, std::string_view schema,
                               std::string_view table);
    void note_surprises(PostgresConnection& connection, const TableSchema& table);

    Options options_;
    PostgresEncoder encoder_;
    std::unique_ptr<PostgresSession> session_;     ///< the writer's
    std::mutex session_mutex_;                     ///< their replacement against interrupt()
    std::atomic<bool> interrupted_{false};         ///< for good
    std::mutex session_use_;                       ///< apply() against describe()
    std::atomic<bool> is_defining_{false};         ///< the open transaction holds definitions
    std::unique_ptr<PostgresConnection> catalog_;  ///< the encoder's
};

}  // namespace dts
