// What the sinks of SQL databases share: a group is one target transaction with the checkpoint
// inside; inserts are tried plainly first, which is the fastest, and when the target holds such a
// row already, the group is written again with the rows replaced (where the settings allow it).
//
// The order in which things become durable: changes and checkpoint row, together, with COMMIT.
// Whatever ends the worker before leaves neither, and behind it both.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "lib/checkpoint/position_sql.hpp"
#include "lib/checkpoint/position_table.hpp"
#include "lib/sink/sink.hpp"

namespace dts {

/// Is the checkpoint written in the same target transaction as the changes (exactly once)?
enum class CheckpointInTarget : std::uint8_t { where_possible, required, off };

struct SqlEncodedGroup : EncodedGroup {
    using EncodedGroup::EncodedGroup;
    std::string checkpoint_json;
    bool replaces = false;  ///< inserts take the place of rows that are there
};

class SqlSink : public Sink {
  public:
    struct Options {
        PositionTable::Options position_table;
        CheckpointInTarget checkpoint_in_target = CheckpointInTarget::where_possible;
        bool replace = true;
    };

    void preflight() override;
    bool checkpoint_in_transaction() const noexcept override { return exactly_once_; }
    std::string checkpoint_place() const override;
    std::optional<std::string> claim_checkpoint() override;
    std::optional<std::string> read_checkpoint() override;
    void store_checkpoint(const Position& position) override;
    std::unique_ptr<EncodedGroup> encode(WriteGroup group) override;
    void apply(EncodedGroup& group) override;
    Recovery recover(const EncodedGroup& group) override;
    void abandon() noexcept override;
    std::vector<std::string> take_notes() override;

  protected:
    explicit SqlSink(Options options);

    // What each kind of database does in its own way, on the writer's thread unless it is said.

    /// Connects, in place of the connection that was there. No transaction is open then.
    virtual void connect() = 0;
    virtual bool is_connected() const noexcept = 0;
    /// Of the connection as it is now.
    virtual std::unique_ptr<PositionSql> position_sql() = 0;
    /// "`schema`.`table`"; the rights that the position table needs, for a HINT.
    virtual std::string quoted(const PositionTableName& name) const = 0;
    virtual std::string rights_for(const PositionTableName& name) const = 0;
    /// host:port, for messages.
    virtual std::string target_name() const = 0;
    virtual std::unique_ptr<SqlEncodedGroup> make_encoded(WriteGroup group) const = 0;
    /// Makes the statements of a group. The encoder's thread, and the writer's.
    virtual void encode_rows(SqlEncodedGroup& encoded, bool replace) = 0;
    /// Begins a transaction.
    virtual void begin() = 0;
    /// Executes the group's statements in the open transaction. `stores`: the checkpoint first.
    virtual void execute_statements(SqlEncodedGroup& encoded, bool stores) = 0;
    /// Can a part of a transaction be taken back alone? These three are called only then, and never
    /// one inside the other.
    virtual bool has_savepoints() const noexcept { return false; }
    virtual void set_savepoint() {}
    virtual void release_savepoint() {}
    virtual void return_to_savepoint() {}
    virtual void commit() = 0;
    virtual void rollback_transaction() = 0;
    /// The last failure was a row that the target holds already.
    virtual bool met_existing_row() const noexcept = 0;

    PositionTable& position_table() noexcept { return position_table_; }
    CheckpointInTarget checkpoint_setting() const noexcept { return options_.checkpoint_in_target; }
    /// For the log, once. Any thread.
    void note(std::string text);

  private:
    void execute(SqlEncodedGroup& encoded);
    void execute_part(SqlEncodedGroup& encoded);
    void encode_with_replacement(SqlEncodedGroup& encoded);
    void rollback() noexcept;

    Options options_;
    PositionTable position_table_;
    bool exactly_once_;
    bool in_transaction_ = false;
    bool inside_parts_ = false;  ///< the encoder's
    std::mutex notes_mutex_;
    std::vector<std::string> notes_;
    std::atomic<bool> target_has_rows_{false};  ///< an insert met a row: replace from the start
};

}  // namespace dts
