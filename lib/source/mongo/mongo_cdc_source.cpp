#include "lib/source/mongo/mongo_cdc_source.hpp"

#include <fmt/format.h>

#include <utility>

#include "lib/source/mongo/change_stream_reader.hpp"
#include "lib/source/mongo/oplog_reader.hpp"
#include "lib/source/mongo/resume_token.hpp"

namespace dts {

namespace {

const MongoPosition& as_mongo(const Position& position) {
    const auto* mongo = dynamic_cast<const MongoPosition*>(&position);
    if (mongo == nullptr)
        throw Error(ErrorKind::checkpoint,
                    fmt::format("a position of type {} is not one in MongoDB", position.type()));
    return *mongo;
}

MongoPlace place_of(const MongoPosition& position) {
    return {position.resume_token, {position.operation_time, position.increment}, 0};
}

}  // namespace

MongoCdcSource::MongoCdcSource(MongoCdcOptions options)
    : options_(std::move(options)),
      connection_(options_.endpoint),
      batch_(options_.selector, {options_.batch_changes, options_.batch_bytes}, options_.commands) {
}

MongoCdcSource::~MongoCdcSource() = default;

const MongoServerFacts& MongoCdcSource::server() {
    if (!server_) server_ = std::make_unique<MongoServerFacts>(connection_.describe_server());
    return *server_;
}

MongoReader& MongoCdcSource::reader() {
    if (reader_) return *reader_;
    if (options_.stream == MongoStream::op_log) {
        reader_ =
            std::make_unique<OplogReader>(connection_, server(), batch_, options_.batch_changes);
    } else {
        reader_ = std::make_unique<ChangeStreamReader>(connection_, server(), options_.scope,
                                                       batch_, options_.batch_changes);
    }
    return *reader_;
}

void MongoCdcSource::preflight() {
    check_mongo_source(connection_, server(), {options_.stream, options_.scope, options_.commands});
}

std::string MongoCdcSource::identity() {
    return mongo_identity(connection_, server());
}

PositionPtr MongoCdcSource::current_end() {
    return make_mongo_position(reader().current_end());
}

PositionPtr MongoCdcSource::configured_start() {
    if (options_.resume_token.empty() && options_.start_timestamp == 0) return nullptr;
    MongoPlace place;
    place.time.seconds = options_.start_timestamp;
    if (!options_.resume_token.empty()) {
        const std::string token = token_of_json(options_.resume_token);
        place.resume_token = token_json(token);
        if (const auto time = time_of_token(token)) place.time.seconds = time->seconds;
    }
    return make_mongo_position(place);
}

Holding MongoCdcSource::holds(const Position& position) {
    return reader().holds(as_mongo(position));
}

std::string MongoCdcSource::start_line(const Position& position) const {
    const MongoPosition& start = as_mongo(position);
    return fmt::format(
        "MongoCdcExtractor starts, source: {}, resume_token: {}, start_timestamp: {}, "
        "heartbeat_interval_secs: {}, heartbeat_tb: {}",
        options_.stream == MongoStream::op_log ? "op_log" : "change_stream", start.resume_token,
        start.operation_time, options_.heartbeat_interval_secs, options_.heartbeat_tb);
}

void MongoCdcSource::open(const PositionPtr& position) {
    const MongoPosition& start = as_mongo(*position);
    notes_ = collection_notes(connection_, options_.scope, options_.selector);
    pending_error_ = nullptr;
    batch_.start(place_of(start));
    reader().open(start);
}

ChangeBatchPtr MongoCdcSource::next() {
    // What a command has parted comes batch by batch.
    if (!batch_.is_empty() && !interrupted_) return batch_.take();
    if (pending_error_) std::rethrow_exception(std::exchange(pending_error_, nullptr));
    while (!interrupted_) {
        try {
            is_idle_ = !reader_->read();
        } catch (const Error&) {
            if (interrupted_) return nullptr;
            is_idle_ = false;
            // What was committed before it is whole, and the operator may want to start behind it.
            if (batch_.is_empty()) throw;
            pending_error_ = std::current_exception();
        }
        if (!batch_.is_empty()) return batch_.take();
    }
    return nullptr;
}

}  // namespace dts
