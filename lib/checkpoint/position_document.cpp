#include "lib/checkpoint/position_document.hpp"

#include <fmt/format.h>

#include "lib/base/clock_text.hpp"
#include "lib/client/mongo_cursor.hpp"
#include "lib/position/mongo_position.hpp"

namespace dts {

namespace {

constexpr std::string_view resumer_type = "CdcDoing";
constexpr std::string_view position_key = "default_key";

std::string text_in(std::string_view document, std::string_view name) {
    const auto field = find_element(document, name);
    return field && field->type == BsonType::text ? std::string(field->as_text()) : std::string();
}

std::string set_of(BsonWriter fields) {
    fields.date_ms("updated_at", now_us() / 1000);
    BsonWriter change;
    change.document("$set", fields.take());
    return change.take();
}

void add_position(BsonWriter& fields, const StoredPosition& position) {
    fields.text("position_data", position.json);
    fields.int64("increment", position.increment);
}

std::string codec_json(const StoredPosition& position) {
    std::string json = position.json;
    if (position.increment != 0 && json.ends_with('}'))
        json.insert(json.size() - 1, fmt::format(",\"increment\":{}", position.increment));
    return json;
}

}  // namespace

StoredPosition stored_position(const Position& position) {
    const auto* mongo = dynamic_cast<const MongoPosition*>(&position);
    return {position.to_json(), mongo != nullptr ? mongo->increment : 0};
}

PositionDocument::PositionDocument(PositionTable::Options options) : options_(std::move(options)) {}

std::string PositionDocument::id() const {
    BsonWriter id;
    id.text("task_id", options_.task_id);
    id.text("resumer_type", resumer_type).text("position_key", position_key);
    return id.take();
}

/// A filter for the document as this worker left it. The token alone would not do: after a
/// failover the target may have lost what it committed last.
std::string PositionDocument::as_left() const {
    BsonWriter filter;
    filter.document("_id", id());
    filter.text("owner_token", options_.owner_token);
    filter.text("position_data", stored_.json);
    filter.int64("increment", stored_.increment);
    return filter.take();
}

/// As a majority holds it: what could be rolled back is no checkpoint. A standalone server need not
/// know that word.
std::optional<PositionDocument::Found> PositionDocument::find(MongoConnection& connection) const {
    try {
        return find(connection, true);
    } catch (const MongoError& error) {
        constexpr int not_a_replica_set = 123;
        constexpr int majority_not_enabled = 148;
        if (error.code() != not_a_replica_set && error.code() != majority_not_enabled) throw;
    }
    return find(connection, false);
}

std::optional<PositionDocument::Found> PositionDocument::find(MongoConnection& connection,
                                                              bool by_majority) const {
    BsonWriter filter;
    filter.document("_id", id());
    BsonWriter command;
    command.text("find", options_.name.table).document("filter", filter.take());
    command.int32("limit", 1).boolean("singleBatch", true);
    const auto concern = command.open("readConcern", BsonType::document);
    command.text("level", by_majority ? "majority" : "local");
    command.close(concern);
    MongoCursor cursor(connection, options_.name.schema, command.take(), {});
    const auto batch = cursor.next();
    const auto first = batch ? BsonReader(*batch).next() : std::nullopt;
    if (!first) return std::nullopt;
    const auto document = first->as_document();
    Found found;
    found.position.json = text_in(document, "position_data");
    if (const auto increment = find_element(document, "increment"))
        found.position.increment = static_cast<std::uint32_t>(increment->as_integer());
    found.owner_token = text_in(document, "owner_token");
    found.owner = text_in(document, "owner");
    if (const auto session = find_element(document, "owner_session");
        session && session->is_document())
        found.owner_session = session->as_document();
    return found;
}

std::optional<std::string> PositionDocument::read(MongoConnection& connection) const {
    const auto found = find(connection);
    if (!found || found->position.json.empty()) return std::nullopt;
    return codec_json(found->position);
}

/// As PositionTable: a document that names this log directory is ours also with another token.
const PositionDocument::Found& PositionDocument::require_ours(
    const std::optional<Found>& found) const {
    const auto place = fmt::format("{}.{}", options_.name.schema, options_.name.table);
    if (!found) {
        throw Error(ErrorKind::checkpoint,
                    fmt::format("the target has lost the checkpoint of task '{}' (in {})",
                                options_.task_id, place),
                    "the target was wiped or replaced while the task ran: restore it");
    }
    if (found->owner_token == options_.owner_token || found->owner == options_.owner) return *found;
    throw Error(ErrorKind::log_directory,
                fmt::format("the checkpoint of task '{}' in {} is no longer owned by this worker: "
                            "another worker has taken the task over: {}",
                            options_.task_id, place, found->owner),
                "run one worker for a task; look at the document's fields owner and updated_at");
}

void PositionDocument::end_session_of(MongoConnection& connection, const Found& found) const {
    if (found.owner_session.empty() || found.owner_session == session_) return;
    BsonWriter command;
    const auto sessions = command.open("killSessions", BsonType::array);
    command.document("0", found.owner_session);
    command.close(sessions);
    try {
        connection.command("admin", command.take());
    } catch (const MongoError& error) {
        // Of another account, or already gone: its transaction ends by itself within a minute.
        if (error.kind() == ErrorKind::transient) throw;
    }
}

std::optional<std::string> PositionDocument::claim(MongoConnection& connection,
                                                   const MongoSession& session) {
    session_ = session.id();
    auto found = find(connection);
    if (!found) {
        has_document_ = false;
        stored_ = {};
        return std::nullopt;
    }
    if (options_.held_before) require_ours(found);
    end_session_of(connection, *found);

    BsonWriter filter;
    filter.document("_id", id());
    BsonWriter fields;
    fields.text("owner_token", options_.owner_token).text("owner", options_.owner);
    fields.document("owner_session", session_.empty() ? empty_document : session_);
    BsonWriter one;
    one.document("q", filter.take()).document("u", set_of(std::move(fields)));
    BsonWriter command;
    command.text("update", options_.name.table);
    const auto updates = command.open("updates", BsonType::array);
    command.document("0", one.take());
    command.close(updates);
    connection.write(options_.name.schema, command.take());

    // From here on no other owner can move it: what it says now stays.
    found = find(connection);
    has_document_ = true;
    stored_ = require_ours(found).position;
    return codec_json(stored_);
}

std::uint64_t PositionDocument::update(MongoConnection& connection, const MongoSession* session,
                                       std::string_view change) {
    BsonWriter one;
    one.document("q", as_left()).document("u", change);
    BsonWriter command;
    command.text("update", options_.name.table);
    const auto updates = command.open("updates", BsonType::array);
    command.document("0", one.take());
    command.close(updates);
    const auto reply = session != nullptr
                           ? connection.command(options_.name.schema, command.take(), {session, 0})
                           : connection.write(options_.name.schema, command.take());
    const auto matched = find_element(reply.bytes(), "n");
    return matched ? static_cast<std::uint64_t>(matched->as_integer()) : 0;
}

/// Two workers that both found no document meet at its _id: one of them fails.
void PositionDocument::insert(MongoConnection& connection, const MongoSession* session,
                              const StoredPosition& position) {
    BsonWriter document;
    document.document("_id", id());
    document.text("task_id", options_.task_id);
    document.text("resumer_type", resumer_type).text("position_key", position_key);
    add_position(document, position);
    document.text("owner_token", options_.owner_token).text("owner", options_.owner);
    document.document("owner_session", session_.empty() ? empty_document : session_);
    const auto now_ms = now_us() / 1000;
    document.date_ms("created_at", now_ms).date_ms("updated_at", now_ms);
    BsonWriter command;
    command.text("insert", options_.name.table);
    const auto documents = command.open("documents", BsonType::array);
    command.document("0", document.take());
    command.close(documents);
    if (session != nullptr) {
        connection.command(options_.name.schema, command.take(), {session, 0});
    } else {
        connection.write(options_.name.schema, command.take());
    }
}

void PositionDocument::store(MongoConnection& connection, const MongoSession* session,
                             const StoredPosition& position) {
    if (!has_document_) {
        insert(connection, session, position);
        return;
    }
    BsonWriter fields;
    add_position(fields, position);
    if (update(connection, session, set_of(std::move(fields))) != 1) throw_not_as_left(connection);
}

void PositionDocument::guard(MongoConnection& connection, const MongoSession* session) {
    if (update(connection, session, set_of(BsonWriter())) != 1) throw_not_as_left(connection);
}

PositionTable::Found PositionDocument::renew(MongoConnection& connection,
                                             const StoredPosition& position) const {
    const auto found = find(connection);
    if (!found && !has_document_) return PositionTable::Found::not_committed;
    const Found& ours = require_ours(found);
    if (ours.position == position) return PositionTable::Found::committed;
    return has_document_ && ours.position == stored_ ? PositionTable::Found::not_committed
                                                     : PositionTable::Found::went_back;
}

void PositionDocument::throw_not_as_left(MongoConnection& connection) const {
    const auto found = find(connection);
    const Found& ours = require_ours(found);
    throw Error(
        ErrorKind::transient,
        fmt::format("the target's checkpoint in {}.{} is {}, though {} was committed last: "
                    "the target has lost commits",
                    options_.name.schema, options_.name.table, ours.position.json, stored_.json));
}

}  // namespace dts
