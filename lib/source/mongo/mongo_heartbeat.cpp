#include "lib/source/mongo/mongo_heartbeat.hpp"

#include <fmt/format.h>

#include "lib/base/clock_text.hpp"
#include "lib/position/mongo_position.hpp"

namespace dts {

namespace {

MongoEndpoint impatient(MongoEndpoint endpoint) {
    endpoint.connect_timeout_secs = endpoint.answer_timeout_secs = heartbeat_patience_secs;
    endpoint.client_name += " heartbeat";
    return endpoint;
}

/// The three fields that say `position`; none where there is none yet.
void add_position(BsonWriter& fields, const std::string& what, const PositionPtr& position) {
    const auto* mongo = dynamic_cast<const MongoPosition*>(position.get());
    if (mongo == nullptr) return;
    fields.text(what + "_resume_token", mongo->resume_token);
    fields.timestamp(what + "_operation_time", {mongo->operation_time, mongo->increment});
    fields.date_ms(what + "_timestamp", mongo->timestamp_ms);
}

}  // namespace

MongoHeartbeat::MongoHeartbeat(Options options)
    : options_(std::move(options)), connection_(impatient(options_.endpoint)) {}

void MongoHeartbeat::beat(const PositionPtr& received, const PositionPtr& flushed) {
    BsonWriter by_id;
    by_id.text("_id", options_.task);
    BsonWriter fields;
    fields.date_ms("update_timestamp", now_us() / 1000);
    add_position(fields, "received", received);
    add_position(fields, "flushed", flushed);
    BsonWriter change;
    change.document("$set", fields.take());
    BsonWriter one;
    one.document("q", by_id.take()).document("u", change.take()).boolean("upsert", true);
    BsonWriter command;
    command.text("update", options_.collection);
    const auto updates = command.open("updates", BsonType::array);
    command.document("0", one.take());
    command.close(updates);
    connection_.write(options_.database, command.take());
}

}  // namespace dts
