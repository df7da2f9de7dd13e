// Writes to MySQL or MariaDB. MariaDB takes binary bulk packets, MySQL statements of many rows.
#pragma once

#include <map>
#include <mutex>

#include "lib/sink/mysql_encoder.hpp"
#include "lib/sink/mysql_session.hpp"
#include "lib/sink/sql_sink.hpp"

namespace dts {

class MysqlSink final : public SqlSink {
  public:
    struct Options {
        MysqlSessionOptions session;
        SqlSink::Options sink;
        std::size_t batch_rows = 1000;  ///< rows of one statement
    };
    explicit MysqlSink(Options options);
    ~MysqlSink() override;

    void preflight() override;
    std::optional<std::string> claim_checkpoint() override;
    TableSchemaPtr describe(std::string_view schema, std::string_view table) override;
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
    void begin() override { failed_with_ = 0; }  // the session does that by itself
    void execute_statements(SqlEncodedGroup& encoded, bool stores) override;
    void commit() override { session_->execute("COMMIT"); }
    void rollback_transaction() override { session_->execute("ROLLBACK"); }
    bool met_existing_row() const noexcept override;

    void send_and_read(MysqlEncodedGroup& encoded, bool store_is_ahead);
    void check_owner();
    void read_reply(const MysqlEncodedGroup& encoded, const MysqlStatement& statement);
    bool may_be_repeated(const MysqlEncodedGroup& encoded, const TableWrite& write) const;
    void note_surprises(MysqlConnection& connection, const TableSchema& table);
    void require_one_name(std::string_view schema, std::string_view table);

    Options options_;
    MysqlEncoder encoder_;
    std::unique_ptr<MysqlSession> session_;  ///< the writer's
    std::mutex session_mutex_;               ///< its replacement against interrupt()
    unsigned failed_with_ = 0;  ///< the server's number of the error that ended the last apply
    std::unique_ptr<MysqlConnection> catalog_;  ///< the encoder's
    /// The encoder's, too: the tables that were described, by the names that the server tells them
    /// by.
    std::map<std::string, std::string> described_;
};

}  // namespace dts
