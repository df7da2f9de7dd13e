// Writes documents to MongoDB. A group is one transaction of the target with the checkpoint
// document in it, where the target is a replica set or a cluster; a standalone server has no
// transactions: there each write is durable by itself, and a group that was cut off is done again,
// which leaves the same documents.
//
// The order in which things become durable: documents and checkpoint, together, with the commit,
// acknowledged by a majority. Without transactions: the documents, then position.log. A change of a
// collection itself is no part of a transaction: it first, then the checkpoint behind it.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "lib/checkpoint/position_document.hpp"
#include "lib/sink/document_writes.hpp"
#include "lib/sink/sink.hpp"
#include "lib/sink/sql_sink.hpp"

namespace dts {

class MongoSink final : public Sink {
  public:
    struct Options {
        MongoEndpoint endpoint;
        PositionTable::Options position;
        CheckpointInTarget checkpoint_in_target = CheckpointInTarget::where_possible;
        DocumentRules rules;
        /// Why the checkpoint must be in the target, with what can be done; empty: it need not.
        std::string required_hint;
    };
    explicit MongoSink(Options options);
    ~MongoSink() override;

    void preflight() override;
    bool checkpoint_in_transaction() const noexcept override { return exactly_once_; }
    std::string checkpoint_place() const override;
    std::optional<std::string> claim_checkpoint() override;
    std::optional<std::string> read_checkpoint() override;
    void store_checkpoint(const Position& position) override;
    /// Makes the collection where it is missing: not every server can inside a transaction.
    TableSchemaPtr describe(std::string_view schema, std::string_view table) override;
    std::unique_ptr<EncodedGroup> encode(WriteGroup group) override;
    void apply(EncodedGroup& group) override;
    Recovery recover(const EncodedGroup& group) override;
    void abandon() noexcept override;
    std::vector<std::string> take_notes() override;

  private:
    struct Encoded;

    void execute(Encoded& encoded);
    void execute_command(Encoded& encoded);
    const MongoSession* session() const noexcept {
        return has_transactions_ ? session_.get() : nullptr;
    }
    bool commit_again();
    void note(std::string text);

    Options options_;
    MongoConnection connection_;  ///< the writer's
    MongoConnection catalog_;     ///< the encoder's
    MongoConnection commands_;    ///< the writer's, for what may take long
    std::unique_ptr<MongoSession> session_;
    PositionDocument checkpoint_;
    bool has_transactions_ = true;  ///< until preflight has asked
    bool exactly_once_;
    bool in_transaction_ = false;
    bool commit_unknown_ = false;  ///< the last commit may have happened
    std::mutex notes_mutex_;
    std::vector<std::string> notes_;
    std::set<std::string> noted_;
};

}  // namespace dts
