// Follows a change stream of a collection, a database or all of a cluster: the aggregate command
// and its cursor as they are, since libmongoc's own stream keeps back how far the server has looked
// and cannot be told of the options beside it.
//
// A place is always gone on from with startAfter: unlike resumeAfter it also takes the token of an
// "invalidate", which a record does not tell from others.
#pragma once

#include <memory>
#include <optional>

#include "lib/client/mongo_client.hpp"
#include "lib/client/mongo_cursor.hpp"
#include "lib/source/mongo/change_event_decoder.hpp"
#include "lib/source/mongo/mongo_reader.hpp"

namespace dts {

class ChangeStreamReader final : public MongoReader {
  public:
    /// Connection and batch outlive the reader.
    ChangeStreamReader(MongoConnection& connection, const MongoServerFacts& server,
                       MongoScope scope, DocumentBatch& batch, std::size_t batch_changes);

    MongoPlace current_end() override;
    Holding holds(const MongoPosition& position) override;
    void open(const MongoPosition& position) override;
    bool read() override;
    bool is_drained() const noexcept override { return true; }

  private:
    std::optional<std::string_view> next_events();
    std::unique_ptr<MongoCursor> begin(const MongoPosition* from);

    MongoConnection& connection_;
    MongoServerFacts server_;
    MongoScope scope_;
    DocumentBatch& batch_;
    std::size_t batch_changes_;
    MongoSession session_;
    std::unique_ptr<MongoCursor> cursor_;
    std::optional<ChangeEventDecoder> decoder_;
};

/// The "operationTime" of a reply; zero where it has none.
BsonTimestamp operation_time_of(std::string_view reply);

}  // namespace dts
