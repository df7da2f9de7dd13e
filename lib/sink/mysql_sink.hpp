// Writes to MySQL or MariaDB: a group is one target transaction with the checkpoint inside. MariaDB
// takes binary bulk packets, MySQL statements of many rows.
//
// Inserts are tried plainly first, which is the fastest; when the target holds such a row already,
// the group is written again with the rows replaced (where the settings allow it).
#pragma once

#include <mutex>

#include "lib/checkpoint/position_table.hpp"
#include "lib/sink/mysql_encoder.hpp"
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
    std::vector<std::string> take_notes() override;
    void interrupt() noexcept override;

  private:
    void connect();
    void execute(MysqlEncodedGroup& encoded);
    void execute_statements(MysqlEncodedGroup& encoded, bool store_is_ahead);
    void check_owner();
    void read_reply(const MysqlEncodedGroup& encoded, const MysqlStatement& statement);
    bool may_be_repeated(const MysqlEncodedGroup& encoded, const TableWrite& write) const;
    void rollback() noexcept;
    void note_surprises(MysqlConnection& connection, const TableSchema& table);
    void note(std::string text);

    Options options_;
    MysqlEncoder encoder_;
    PositionTable position_table_;
    std::unique_ptr<MysqlSession> session_;  ///< the writer's
    std::mutex session_mutex_;               ///< its replacement against interrupt()
    bool exactly_once_;
    bool in_transaction_ = false;
    unsigned failed_with_ = 0;  ///< the server's number of the error that ended the last apply

    // The encoder's.
    std::unique_ptr<MysqlConnection> catalog_;
    bool inside_parts_ = false;

    // Of both.
    std::mutex notes_mutex_;
    std::vector<std::string> notes_;
    std::atomic<bool> target_has_rows_{false};  ///< an insert met a row: replace from the start
};

}  // namespace dts
