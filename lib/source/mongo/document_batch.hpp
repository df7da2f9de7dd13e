// Collects changes of documents into batches: copies their bytes into the batch's arena, knows
// which collections are subscribed, and keeps the places behind transactions. Used by one thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/client/bson_bytes.hpp"
#include "lib/position/mongo_position.hpp"
#include "lib/source/source.hpp"

namespace dts {

/// Where reading stands, and when what is before it was written.
struct MongoPlace {
    std::string resume_token;  ///< JSON; empty: op_log
    BsonTimestamp time;
    std::int64_t time_us = 0;  ///< by the wall clock of the source; 0: the timestamp's second
};

class DocumentBatch {
  public:
    struct Limits {
        std::size_t changes = 4000;
        std::size_t bytes = std::size_t{4} << 20;
    };
    /// `commands`: which changes of collections themselves are handed on.
    DocumentBatch(TableSelector selector, Limits limits, CollectionCommandKinds commands = {});

    /// Reading begins here; what was collected is dropped.
    void start(MongoPlace place);

    /// Is this collection subscribed? Never the server's own (admin, config, local, system.*).
    bool selects(std::string_view database, std::string_view collection) {
        return table_of(database, collection) != nullptr;
    }

    // Changes of the open transaction; those of other collections count as skipped.
    void insert(std::string_view database, std::string_view collection, const BsonElement& id,
                std::string_view document);
    /// The document takes the place of the one that is there.
    void replace(std::string_view database, std::string_view collection, const BsonElement& id,
                 std::string_view document);
    void update(std::string_view database, std::string_view collection, const BsonElement& id,
                std::string_view description);
    void remove(std::string_view database, std::string_view collection, const BsonElement& id);

    /// A change of a collection that is not subscribed.
    void skip() { ++batch_->skipped_changes; }

    /// The open transaction ends here. One without changes moves the place on.
    void commit(MongoPlace place);
    /// A change of a collection itself, between transactions: handed on by itself, or noted. What
    /// follows describes its collections anew.
    void define(CollectionCommand command, const MongoPlace& place);
    /// The same in a transaction, where it cannot be applied: noted.
    void define_in_transaction(const CollectionCommand& command);
    /// Behind the drops of its collections: with these applied, nothing is left to do.
    void note_database_dropped(std::string_view database);
    const CollectionCommandKinds& commands() const noexcept { return commands_; }
    /// For the log, once a run.
    void note(std::string text);
    void add_source_bytes(std::size_t bytes) { batch_->source_bytes += bytes; }

    ~DocumentBatch();

    bool in_transaction() const noexcept { return batch_->ends_inside_transaction() || open_; }
    bool is_empty() const noexcept;
    bool is_full() const noexcept;

    /// The batch so far, or the first of those that a command has parted.
    ChangeBatchPtr take();

  private:
    class Trail;
    using Collections = std::map<std::string, TableSchemaPtr, std::less<>>;

    /// nullptr: not subscribed.
    const TableSchemaPtr* table_of(std::string_view database, std::string_view collection);
    void add(ChangeKind kind, const TableSchemaPtr* table, const BsonElement& id,
             std::string_view document, std::string_view update);
    void begin();
    ChangeBatchPtr end();
    bool is_noted(const CollectionCommand& command);
    void note_not_applied(const CollectionCommand& command, std::string_view why);

    TableSelector selector_;
    Limits limits_;
    CollectionCommandKinds commands_;
    std::deque<ChangeBatchPtr> parted_;  ///< before batch_
    std::map<std::string, Collections, std::less<>> tables_;
    std::set<std::string> noted_;
    ChangeBatchPtr batch_;
    std::unique_ptr<Trail> trail_;
    MongoPlace last_place_;
    const TableSchema* last_table_ = nullptr;
    bool open_ = false;  ///< the transaction has changes in batches that were taken
};

PositionPtr make_mongo_position(const MongoPlace& place);

}  // namespace dts
