// Writes to MySQL or MariaDB: a group is one target transaction with the checkpoint inside. MariaDB
// takes binary bulk packets, MySQL statements of many rows.
//
// Inserts are tried plainly first, which is the fastest; when the target holds such a row already,
// the group is written again with the rows replaced (where the settings allow it).
#pragma once

#include <mutex>

#include "lib/checkpoint/position_table.hpp"
#include "lib/sink/mysql_session.hpp"
#include "lib/sink/sink.hpp"

namespace dts {

/// Is the checkpoint written in the same target transaction as the changes (exactly once)?
enum class CheckpointInTarget : std::uint8_t { where_possible, required, off };

class MysqlSink final : public Sink {
  public:
    struct Options {
        MysqlSessionOptions session;
        PositionTable::Options position_table;
        CheckpointInTarget checkpoint_in_target = CheckpointInTarget::where_possible;
        std::size_t batch_rows = 1000;  ///< rows of one statement
        bool replace = true;
    };
    explicit MysqlSink(Options options);
    ~MysqlSink() override;

    void preflight() override;
    bool checkpoint_in_transaction() const noexcept override { return exactly_once_; }
    std::string checkpoint_place() const override;
    std::optional<std::string> claim_checkpoint() override;
    std::optional<std::string> read_checkpoint() override;
    void store_checkpoint(const Position& position) override;
    TableSchemaPtr describe(std::string_view schema, std::string_view table) override;
    std::unique_ptr<EncodedGroup> encode(WriteGroup group) override;
    void apply(EncodedGroup& group) override;
    Recovery recover(const EncodedGroup& group) override;
    void abandon() noexcept override;
    void interrupt() noexcept override;

  private:
    struct Statement;
    struct Encoded;

    void connect();
    void encode_statements(Encoded& encoded, bool replace);
    void encode_write(Encoded& encoded, std::size_t write, bool replace);
    void encode_bulk(Encoded& encoded, std::size_t write, bool replace);
    void encode_text(Encoded& encoded, std::size_t write, bool replace);
    sql_text::InsertForm form_of(const TableWrite& write, bool replace) const noexcept;
    std::shared_ptr<const BulkStatement> bulk_statement(const TableWrite& write, bool replace);
    void execute(Encoded& encoded);
    void execute_statement(Encoded& encoded, const Statement& statement);
    void rollback() noexcept;
    void note_engine(MysqlConnection& connection, const TableSchema& table);

    Options options_;
    PositionTable position_table_;
    std::unique_ptr<MysqlSession> session_;  ///< the writer's
    std::mutex session_mutex_;               ///< its replacement against interrupt()
    bool exactly_once_;
    bool in_transaction_ = false;
    std::size_t statement_bytes_ = 0;
    bool in_bulk_ = false;

    // The encoder's.
    std::unique_ptr<MysqlConnection> catalog_;
    bool inside_parts_ = false;
    std::string pending_note_;

    // Of both.
    std::mutex statements_mutex_;
    std::map<std::tuple<const TableBinding*, WriteKind, sql_text::InsertForm>,
             std::shared_ptr<const BulkStatement>>
        statements_;
    std::atomic<bool> target_has_rows_{false};  ///< an insert met a row: replace from the start
};

}  // namespace dts
