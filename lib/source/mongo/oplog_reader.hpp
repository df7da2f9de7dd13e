// Follows local.oplog.rs with a tailing cursor, reading only what a majority holds: what could be
// rolled back is not seen.
//
// An exact place (with its increment) must still be an entry of the oplog: one that is not was
// rolled back or rolled over. Of a place in whole seconds the second is read again.
#pragma once

#include <memory>
#include <optional>

#include "lib/client/mongo_client.hpp"
#include "lib/client/mongo_cursor.hpp"
#include "lib/source/mongo/mongo_reader.hpp"
#include "lib/source/mongo/oplog_decoder.hpp"

namespace dts {

class OplogReader final : public MongoReader {
  public:
    /// Connection and batch outlive the reader.
    OplogReader(MongoConnection& connection, const MongoServerFacts& server, DocumentBatch& batch,
                std::size_t batch_changes);

    MongoPlace current_end() override;
    Holding holds(const MongoPosition& position) override;
    void open(const MongoPosition& position) override;
    bool read() override;
    bool is_drained() const noexcept override { return !entries_ && !decoder_.is_inside_chain(); }

  private:
    std::optional<std::string> find_one(BsonWriter command);
    std::optional<std::string> find_end(int natural_order);
    std::optional<std::string> find_from(BsonTimestamp time);
    void add_range(BsonWriter& command, BsonTimestamp from) const;
    std::optional<BsonTimestamp> end_of(int natural_order);
    std::string fetch(BsonTimestamp time);
    void skip_start();
    bool work_off();

    MongoConnection& connection_;
    DocumentBatch& batch_;
    std::size_t batch_changes_;
    bool seeks_by_time_;  ///< without being told so
    MongoSession session_;
    OplogDecoder decoder_;
    std::unique_ptr<MongoCursor> cursor_;
    std::optional<BsonReader> entries_;      ///< what is left of the cursor's last batch
    std::optional<BsonTimestamp> expected_;  ///< the entry that the start stands on, to be skipped
};

}  // namespace dts
