// Events of a binlog to change batches: knows where transactions begin and end, which rows are
// subscribed, and which position follows each commit. No network: events go in, batches come out.
// One thread.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "lib/change/change_batch.hpp"
#include "lib/source/mysql/binlog_cursor.hpp"
#include "lib/source/mysql/commit_trail.hpp"
#include "lib/source/mysql/definition_notes.hpp"
#include "lib/source/mysql/table_registry.hpp"

namespace dts {

struct BatchLimits {
    std::size_t changes = 16'000;
    std::size_t bytes = std::size_t{8} << 20;
};

/// A transaction that has to be read once more from its begin.
struct TransactionAgain {
    FilePlace begin;
    std::shared_ptr<const GtidSet> executed;  ///< before it; null where positions are by file
};

class TransactionDecoder {
  public:
    TransactionDecoder(TableRegistry& tables, BatchLimits limits)
        : tables_(tables), limits_(limits) {}

    /// Reading begins behind a whole transaction: `executed` where positions are GTID sets, else
    /// null. What was left of a transaction read before is dropped.
    void start(const FilePlace& place, std::shared_ptr<const GtidSet> executed,
               std::int64_t time_us);

    /// Takes the next event; `chunk` holds its bytes. A transaction that was rolled back, or that
    /// the source never finished, is passed over: what left of it with earlier batches is declared
    /// void by the next. Throws Error{data} for what can not be decoded, {gap} for events the
    /// source itself lost.
    void accept(const BinlogEvent& event, const FormatDescription& format,
                const std::shared_ptr<Chunk>& chunk);

    /// Set when a transaction took changes back, behind a savepoint, that had left with a batch:
    /// accept() expects the events from its begin next. Asked after each accept(), told once.
    std::optional<TransactionAgain> take_again();

    bool in_transaction() const noexcept { return state_ != State::outside; }
    /// Something to hand out.
    bool has_batch() const noexcept {
        return batch_ && (!batch_->changes.empty() || !batch_->commits.empty() ||
                          !batch_->notes.empty() || batch_->voids_open_transaction);
    }
    bool has_commit() const noexcept { return batch_ && !batch_->commits.empty(); }
    bool is_full() const noexcept {
        return batch_ && (batch_->changes.size() >= limits_.changes ||
                          batch_->arena.bytes() >= limits_.bytes);
    }
    /// Takes the changes behind the last commit out of the batch: they will not be continued.
    void drop_unfinished();
    /// The batch so far. REQUIRES has_batch().
    ChangeBatchPtr take();

  private:
    enum class State : std::uint8_t {
        outside,    ///< between transactions
        announced,  ///< its id was read; BEGIN or a single statement follows
        inside,
    };
    struct Savepoint {
        std::string name;
        std::size_t change = 0;        ///< the first one behind it, in the batch
        std::uint64_t rows_event = 0;  ///< the first one behind it, in the transaction
        bool was_passed_on = false;    ///< changes behind it left with an earlier batch
    };
    /// Rows events of a transaction, by their number in it, that it took back itself.
    struct RowsEvents {
        std::uint64_t begin;
        std::uint64_t end;
    };
    /// What is known of a transaction that is read again.
    struct Again {
        FilePlace begin;
        std::vector<RowsEvents> taken_back;  ///< in order, apart from each other
        std::size_t next = 0;                ///< in taken_back
        bool is_told = false;                ///< take_again() was called
    };
    struct Transaction {
        FilePlace begin;
        TransactionId id;
        std::int64_t time_us = 0;      ///< 0: its last event's time counts
        std::size_t first_change = 0;  ///< in the batch
        bool has_changes = false;
        bool was_handed_out = false;     ///< some of its changes left with an earlier batch
        bool is_void = false;            ///< its rows are passed over: only its end matters
        bool has_transactional = false;  ///< changes of tables that can roll back
        bool has_others = false;
        std::uint64_t rows_events = 0;
        std::vector<Savepoint> savepoints;
        std::vector<RowsEvents> taken_back;
    };

    ChangeBatch& batch();

    void dispatch(const BinlogEvent& event, const FormatDescription& format,
                  const std::shared_ptr<Chunk>& chunk);
    void begin(const BinlogEvent& event, State state);
    void begin_mysql(const BinlogEvent& event, const MysqlGtidEvent& gtid);
    void begin_mariadb(const BinlogEvent& event);
    void take_dialect(GtidSet::Dialect dialect);
    void commit(const BinlogEvent& event);
    void roll_back(const BinlogEvent& event);
    void roll_back_to(std::string_view savepoint);
    void prepare_xa(const BinlogEvent& event);
    std::string changed_tables() const;  ///< by the transaction at hand, for messages
    void mark(const FilePlace& place, std::int64_t time_us, const TransactionId& id);
    void move_on(const BinlogEvent& event);
    void end_broken_off();
    void drop_open();
    void look_through();
    void read_again();
    bool is_taken_back(std::uint64_t rows_event);
    void pass_over(const BinlogEvent& event);

    void on_statement(const BinlogEvent& event, const QueryEvent& query);
    void on_rows(const BinlogEvent& event, const FormatDescription& format,
                 const std::shared_ptr<Chunk>& chunk);
    /// When the rows of an event were written, seconds since the epoch.
    std::int64_t rows_time(const BinlogEvent& event) const noexcept {
        return std::max<std::int64_t>(event.header.timestamp, transaction_.time_us / 1'000'000);
    }
    void decode_rows(const BinlogEvent& event, ByteReader reader, StreamTable& table,
                     const std::shared_ptr<Chunk>& chunk);
    void on_definition(const BinlogEvent& event, const QueryEvent& query, std::string_view sql);
    void refuse_row_statement(const QueryEvent& query, std::string_view sql) const;
    void refuse_partial_rows(const BinlogEvent& event);

    TableRegistry& tables_;
    DefinitionNotes definition_notes_;
    BatchLimits limits_;
    State state_ = State::outside;
    Transaction transaction_;
    std::optional<Again> again_;

    ChangeBatchPtr batch_;
    MysqlCommitTrail* trail_ = nullptr;  ///< the batch's
    std::uint64_t batch_number_ = 0;
    std::size_t usual_changes_ = 0;  ///< of the batch before: the next is as large, likely
    std::size_t usual_commits_ = 0;
    const Chunk* adopted_ = nullptr;  ///< the chunk the batch keeps alive already
    std::shared_ptr<const GtidSet> executed_;
    GtidSet::Dialect dialect_ = GtidSet::Dialect::none;  ///< of the GTIDs seen
    FilePlace read_;
    FilePlace marked_;          ///< of the last mark, or of the start
    std::int64_t time_us_ = 0;  ///< of the last event that had one
    std::uint64_t skipped_changes_ = 0;
    std::string scratch_;
};

}  // namespace dts
