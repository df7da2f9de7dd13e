// Turns pgoutput messages into batches: row changes of subscribed tables, commit marks, and marks
// without changes for what moves the position alone. The rule: a position is one behind a whole
// transaction. Values are the server's text, also of what it sends in binary. One thread.
//
// A transaction that the server streams before it has committed is kept aside (StreamedTransaction)
// and becomes changes at its commit, among the other transactions where that stands: by replay().
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/source/postgres/binary_choice.hpp"
#include "lib/source/postgres/definition_log.hpp"
#include "lib/source/postgres/pgoutput_reader.hpp"
#include "lib/source/postgres/postgres_trail.hpp"
#include "lib/source/postgres/postgres_type_names.hpp"
#include "lib/source/postgres/published_tables.hpp"
#include "lib/source/postgres/streamed_transaction.hpp"
#include "lib/source/source.hpp"

namespace dts {

class PgoutputDecoder {
  public:
    struct Limits {
        std::size_t changes = 16'000;  ///< a batch is full with about as many
        std::size_t bytes = std::size_t{8} << 20;
    };
    struct Options {
        Limits limits;
        bool truncates = false;  ///< TRUNCATE is a change; else the log says once that it was left
        /// Where transactions in progress are kept; nullptr where the server does not stream them.
        std::shared_ptr<StreamedFolder> streamed_folder = {};
        /// Which of a transaction's subtransactions were taken back. What it throws ends accept().
        std::function<std::vector<std::uint32_t>(const std::vector<std::uint32_t>&)> aborted_of =
            {};
        /// Transactions that were written first elsewhere, under this name, are passed over.
        std::function<bool(std::string_view origin)> skips_origin = {};
        /// The rows of this table are definition statements, which the rules decide about.
        std::optional<PostgresTableName> definition_table = {};
        DefinitionRules definitions = {};
        /// Whether the stream's values are in binary, and of which forms; nullptr: they are text.
        std::shared_ptr<BinaryChoice> binary = {};
    };
    PgoutputDecoder(TableSelector selector, Options options)
        : selector_(std::move(selector)),
          options_(std::move(options)),
          definitions_(options_.definitions),
          streamed_(options_.streamed_folder) {}

    /// Reading begins behind this place. What was gathered before is dropped; the tables are
    /// described anew by each stream.
    void start(const WalPlace& place);

    /// The bytes may go when it returns. Throws Error{data} for what makes no sense, and as
    /// BinaryChoice's forms_of() and StreamedFolder's give_up(). REQUIRES !is_replaying().
    void accept(Bytes message);

    /// A streamed transaction has committed: its changes are to be taken in before the next
    /// message.
    bool is_replaying() const noexcept { return replayed_ != nullptr; }
    /// What it was given last is of a streamed transaction.
    bool is_at_streamed() const noexcept { return is_at_streamed_; }
    /// Some more of them; until is_full() at most. Throws as accept().
    void replay();
    /// Their room is free then. The decoder must be started anew.
    void drop_kept_aside() noexcept;
    /// Of what was accepted: kept aside, and not yet seen again by replay().
    std::uint64_t bytes_aside() const noexcept { return bytes_aside_; }

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
        TableSchemaPtr schema;          ///< nullptr: not subscribed
        std::vector<BinaryForm> forms;  ///< of its columns; none in a stream of text
        std::uint64_t number = 0;       ///< of its description, as they came
        bool is_in_batch = false;
        bool holds_definitions = false;
    };

    ChangeBatch& batch();
    void begin(std::uint64_t commit_lsn);
    bool is_skipped(std::string_view origin) const;
    void keep_aside(pgoutput::Kind kind, pgoutput::MessageReader& reader, std::size_t bytes);
    void begin_replay(std::uint32_t xid, const pgoutput::Commit& commit);
    void take_back_aborted(StreamedTransaction& transaction);
    void end_replay();
    void accept_change(pgoutput::Kind kind, Bytes message);
    RowChange read_row(pgoutput::Kind kind, pgoutput::MessageReader& reader, const Table& table,
                       Arena& arena);
    bool is_definition_table(const pgoutput::Relation& relation) const;
    void accept_definition(pgoutput::Kind kind, pgoutput::MessageReader& reader,
                           const Table& table);
    void add_type(pgoutput::MessageReader& reader);
    void accept_relation(pgoutput::MessageReader& reader, std::uint64_t number);
    void accept_commit(const pgoutput::Commit& commit);
    void accept_truncation(const pgoutput::Truncation& truncation, std::size_t bytes);
    void note(std::string text);
    Table& table_of(std::uint32_t id);
    void keep_table(Table& table);

    TableSelector selector_;
    Options options_;
    DefinitionLog definitions_;
    std::unordered_map<std::uint32_t, Table> tables_;
    /// While an older description is in tables_, for the streamed transaction that it is of.
    std::unordered_map<std::uint32_t, Table> later_tables_;
    std::uint64_t descriptions_ = 0;  ///< that have come
    PostgresTypeNames types_;
    std::set<std::string> noted_;
    WalPlace start_;
    WalPlace place_;  ///< behind the last whole transaction
    bool in_transaction_ = false;
    bool is_before_start_ = false;    ///< the transaction at hand: it has been applied
    bool skips_transaction_ = false;  ///< it, or it is somebody else's: its changes do not count
    StreamedTransactions streamed_;
    bool is_at_streamed_ = false;
    std::unique_ptr<StreamedTransaction> replayed_;
    pgoutput::Commit replayed_commit_{};
    std::uint64_t bytes_aside_ = 0;
    ChangeBatchPtr batch_;
    PostgresTrail* trail_ = nullptr;  ///< of the batch
};

}  // namespace dts
