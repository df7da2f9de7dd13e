// Turns pgoutput messages into batches: row changes of subscribed tables, commit marks, and marks
// without changes for what moves the position alone. The rule: a position is one behind a whole
// transaction. Values stay the text that the server sent. One thread.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <unordered_map>

#include "lib/source/postgres/pgoutput_reader.hpp"
#include "lib/source/postgres/postgres_trail.hpp"
#include "lib/source/postgres/postgres_type_names.hpp"
#include "lib/source/source.hpp"

namespace dts {

class PgoutputDecoder {
  public:
    struct Limits {
        std::size_t changes = 16'000;  ///< a batch is full with about as many
        std::size_t bytes = std::size_t{8} << 20;
    };
    PgoutputDecoder(TableSelector selector, Limits limits)
        : selector_(std::move(selector)), limits_(limits) {}

    /// Reading begins behind this place. What was gathered before is dropped; the tables are
    /// described anew by each stream.
    void start(const WalPlace& place);

    /// The bytes may go when it returns. Throws Error{data} for what makes no sense.
    void accept(Bytes message);

    /// The server has read its log up to here and has nothing to send before it. Moves the position
    /// where no transaction is open, never back.
    void moved_to(std::uint64_t lsn, std::int64_t time_us);

    bool has_batch() const noexcept { return batch_ != nullptr; }
    bool in_transaction() const noexcept { return in_transaction_; }
    bool has_commit() const noexcept { return batch_ && !batch_->commits.empty(); }
    bool is_full() const noexcept;
    /// REQUIRES has_batch(). Changes of a transaction that is not at its end go with it.
    ChangeBatchPtr take();
    /// The batch keeps whole transactions alone. The decoder must be started anew then.
    void drop_unfinished();

  private:
    struct Table {
        TableSchemaPtr schema;  ///< nullptr: not subscribed
        bool is_in_batch = false;
    };

    ChangeBatch& batch();
    void accept_change(pgoutput::Kind kind, Bytes message);
    void accept_relation(pgoutput::MessageReader& reader);
    void accept_commit(const pgoutput::Commit& commit);
    void note_truncated(const std::vector<std::uint32_t>& ids);
    RowChange read_insert(pgoutput::MessageReader& reader, const TableSchema& table);
    RowChange read_update(pgoutput::MessageReader& reader, const TableSchema& table);
    RowChange read_delete(pgoutput::MessageReader& reader, const TableSchema& table);
    std::span<Value> new_row(const TableSchema& table);
    Table& table_of(std::uint32_t id);

    TableSelector selector_;
    Limits limits_;
    std::unordered_map<std::uint32_t, Table> tables_;
    PostgresTypeNames types_;
    std::set<std::string> noted_;
    WalPlace start_;
    WalPlace place_;  ///< behind the last whole transaction
    bool in_transaction_ = false;
    bool skips_transaction_ = false;  ///< it lies before the start
    ChangeBatchPtr batch_;
    PostgresTrail* trail_ = nullptr;  ///< of the batch
};

}  // namespace dts
