#include "lib/source/mongo/change_stream_reader.hpp"

#include <fmt/format.h>

#include <optional>

#include "lib/base/clock_text.hpp"
#include "lib/source/mongo/resume_token.hpp"

namespace dts {

namespace {

constexpr std::chrono::milliseconds longest_wait{500};

std::string stage_of(const MongoPosition* from, const MongoScope& scope, bool expanded) {
    BsonWriter stage;
    if (scope.database.empty()) stage.boolean("allChangesForCluster", true);
    if (from != nullptr && !from->resume_token.empty()) {
        stage.document("startAfter", token_of_json(from->resume_token));
    } else if (from != nullptr) {
        stage.timestamp("startAtOperationTime", {from->operation_time, 0});
    }
    if (expanded) stage.boolean("showExpandedEvents", true);
    BsonWriter outer;
    outer.document("$changeStream", stage.take());
    return outer.take();
}

std::string time_text(std::uint32_t seconds) {
    return millisecond_text(std::int64_t{seconds} * 1000);
}

Holding not_held(const MongoError& error) {
    if (error.code() == mongo_code::history_lost)
        return {false, error.text(),
                "the oplog has rolled over: copy the collections anew and start at a position from "
                "before the copy; a larger oplog (replSetResizeOplog) keeps more"};
    return {false, error.text(),
            "the token is not of this stream: has [filter] been changed since it was recorded? A "
            "record with an empty resume_token starts at its operation_time"};
}

}  // namespace

BsonTimestamp operation_time_of(std::string_view reply) {
    const auto time = find_element(reply, "operationTime");
    return time ? time->as_timestamp() : BsonTimestamp{};
}

ChangeStreamReader::ChangeStreamReader(MongoConnection& connection, const MongoServerFacts& server,
                                       MongoScope scope, DocumentBatch& batch,
                                       std::size_t batch_changes)
    : connection_(connection),
      server_(server),
      scope_(std::move(scope)),
      batch_(batch),
      batch_changes_(batch_changes),
      session_(connection.start_session()) {}

std::unique_ptr<MongoCursor> ChangeStreamReader::begin(const MongoPosition* from) {
    BsonWriter command;
    if (scope_.collection.empty()) {
        command.int32("aggregate", 1);
    } else {
        command.text("aggregate", scope_.collection);
    }
    const auto pipeline = command.open("pipeline", BsonType::array);
    // From 6.1 on it makes the server tell how paths with dots in names are meant, too.
    const bool expanded =
        server_.at_least(6, 1) || (server_.at_least(6, 0) && !batch_.commands().none());
    command.document("0", stage_of(from, scope_, expanded));
    if (server_.at_least(7, 0) || (server_.at_least(6, 0, 9) && !server_.at_least(6, 1))) {
        BsonWriter split;
        split.document("$changeStreamSplitLargeEvent", empty_document);
        command.document("1", split.take());
    }
    command.close(pipeline);
    const auto cursor = command.open("cursor", BsonType::document);
    command.int32("batchSize", static_cast<std::int32_t>(batch_changes_));
    command.close(cursor);
    const auto& database = scope_.database.empty() ? std::string("admin") : scope_.database;
    return std::make_unique<MongoCursor>(
        connection_, database, command.take(),
        MongoConnection::Way{&session_, connection_.select_server()});
}

MongoPlace ChangeStreamReader::current_end() {
    const auto cursor = begin(nullptr);
    cursor->next();
    MongoPlace place;
    place.time = operation_time_of(cursor->reply());
    if (const auto token = cursor->resume_token(); !token.empty()) {
        place.resume_token = token_json(token);
        place.time = time_of_token(token).value_or(place.time);
    }
    return place;
}

Holding ChangeStreamReader::holds(const MongoPosition& position) {
    try {
        const auto cursor = begin(&position);
        cursor->next();
        // By the cluster's clock: a member that lags behind is none that was restored.
        const auto cluster = find_element(cursor->reply(), "$clusterTime");
        const auto now =
            cluster ? find_element(cluster->as_document(), "clusterTime") : std::nullopt;
        if (now && now->as_timestamp().seconds < position.operation_time)
            return {false,
                    fmt::format("its clock is at {}", time_text(now->as_timestamp().seconds)),
                    "the source was restored from an earlier state, or the position is of another "
                    "one"};
    } catch (const MongoError& error) {
        const bool is_gap = error.code() == mongo_code::history_lost ||
                            error.code() == mongo_code::change_stream_fatal ||
                            error.code() == mongo_code::invalid_resume_token;
        if (is_gap) return not_held(error);
        throw;
    }
    return {true,
            fmt::format("its change stream goes on behind {}", time_text(position.operation_time)),
            ""};
}

void ChangeStreamReader::open(const MongoPosition& position) {
    decoder_.emplace(batch_);
    cursor_.reset();
    try {
        cursor_ = begin(&position);
    } catch (const MongoError& error) {
        if (error.code() == mongo_code::change_stream_fatal) throw error.as(ErrorKind::gap);
        throw;
    }
}

std::optional<std::string_view> ChangeStreamReader::next_events() {
    try {
        return cursor_->next(longest_wait);
    } catch (const MongoError& error) {
        if (error.code() != mongo_code::too_large) throw;
        throw Error(ErrorKind::data, error.text(),
                    "an event is larger than the 16 MiB of a document: set [extractor] "
                    "source=op_log, or use a source from 6.0.9 on, which splits it");
    }
}

bool ChangeStreamReader::read() {
    const auto events = next_events();
    if (!events) {
        // Only an invalidated stream ends; what follows is in a new one.
        if (!decoder_->is_invalidated())
            throw Error(ErrorKind::transient, "the source has ended the change stream");
        const auto place = decoder_->place();
        batch_.note(
            "a watched collection or database was dropped or renamed at the source: the "
            "change stream goes on behind that");
        open(static_cast<const MongoPosition&>(*make_mongo_position(place)));
        return true;
    }
    batch_.add_source_bytes(cursor_->reply().size());
    bool any = false;
    BsonReader reader(*events);
    while (const auto event = reader.next()) {
        decoder_->accept(event->as_document());
        any = true;
    }
    decoder_->looked_as_far_as(cursor_->resume_token(), operation_time_of(cursor_->reply()));
    // A member of a replica set never pauses inside a transaction; a router of shards may.
    if (!any && !server_.is_mongos) decoder_->ran_dry();
    return any;
}

}  // namespace dts
