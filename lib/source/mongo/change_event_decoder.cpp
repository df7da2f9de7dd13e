#include "lib/source/mongo/change_event_decoder.hpp"

#include <fmt/format.h>

#include "lib/base/error.hpp"
#include "lib/source/mongo/collection_commands.hpp"
#include "lib/source/mongo/resume_token.hpp"

namespace dts {

namespace {

struct Event {
    std::string_view token, operation, database, collection, document, description;
    std::string_view to_database, to_collection, definition;
    std::optional<BsonElement> id, split;
    std::string transaction;
    MongoPlace place;
};

void read_namespace(Event& event, const BsonElement& ns) {
    BsonReader reader(ns.as_document());
    while (const auto field = reader.next()) {
        if (field->name == "db") event.database = field->as_text();
        if (field->name == "coll") event.collection = field->as_text();
    }
}

Event read_event(std::string_view bytes) {
    Event event;
    std::string_view session;
    std::string_view number;
    BsonReader reader(bytes);
    while (const auto field = reader.next()) {
        const auto name = field->name;
        if (name == "_id") {
            event.token = field->as_document();
        } else if (name == "operationType") {
            event.operation = field->as_text();
        } else if (name == "ns") {
            read_namespace(event, *field);
        } else if (name == "to" && field->is_document()) {
            Event to;
            read_namespace(to, *field);
            event.to_database = to.database;
            event.to_collection = to.collection;
        } else if (name == "operationDescription" && field->is_document()) {
            event.definition = field->as_document();
        } else if (name == "documentKey" && field->is_document()) {
            event.id = find_element(field->as_document(), "_id");
        } else if (name == "fullDocument" && field->is_document()) {
            event.document = field->as_document();
        } else if (name == "updateDescription") {
            event.description = field->as_document();
        } else if (name == "clusterTime") {
            event.place.time = field->as_timestamp();
        } else if (name == "wallTime" && field->type == BsonType::date) {
            event.place.time_us = field->as_integer() * 1000;
        } else if (name == "lsid") {
            session = field->value;
        } else if (name == "txnNumber") {
            number = field->value;
        } else if (name == "splitEvent") {
            event.split = *field;
        }
    }
    if (event.token.empty()) throw Error(ErrorKind::data, "a change event without a resume token");
    if (!number.empty()) event.transaction.append(session).append(number);
    return event;
}

[[noreturn]] void incomplete(const Event& event, std::string_view what) {
    throw Error(ErrorKind::data,
                fmt::format("the source's {} event of \"{}\".\"{}\" comes without {}",
                            event.operation, event.database, event.collection, what));
}

const BsonElement& id_of(const Event& event) {
    if (!event.id) incomplete(event, "the document's _id");
    return *event.id;
}

std::string_view document_of(const Event& event) {
    if (event.document.empty()) incomplete(event, "the document");
    return event.document;
}

}  // namespace

void ChangeEventDecoder::accept(std::string_view bytes) {
    constexpr std::size_t head = 4;
    const auto split = find_element(bytes, "splitEvent");
    if (!split) {
        if (!fragments_.empty()) throw Error(ErrorKind::data, "a split change event has no end");
        decode(bytes);
        return;
    }
    const auto number = find_element(split->as_document(), "fragment");
    const auto count = find_element(split->as_document(), "of");
    if (!number || !count)
        throw Error(ErrorKind::data, "a fragment of a change event lacks its number");
    if (number->as_integer() == 1) fragments_.clear();
    fragments_.append(bytes.substr(head, bytes.size() - head - 1));
    if (number->as_integer() != count->as_integer()) return;
    // The token of the last fragment is the event's: it comes last, and the last one counts.
    std::string whole(head, '\0');
    whole += fragments_;
    whole += '\0';
    const auto length = static_cast<std::uint32_t>(whole.size());
    for (std::size_t i = 0; i < head; ++i) whole[i] = static_cast<char>(length >> (8 * i) & 0xFF);
    fragments_.clear();
    decode(whole);
}

void ChangeEventDecoder::decode(std::string_view bytes) {
    Event event = read_event(bytes);
    if (has_open_ && (event.transaction.empty() || event.transaction != transaction_))
        end_transaction();
    last_token_ = event.token;
    event.place.resume_token = token_json(event.token);
    const auto& operation = event.operation;
    const auto database = event.database;
    const auto collection = event.collection;
    if (operation == "insert") {
        batch_.insert(database, collection, id_of(event), document_of(event));
    } else if (operation == "update") {
        if (event.description.empty()) incomplete(event, "what was updated");
        batch_.update(database, collection, id_of(event), event.description);
    } else if (operation == "replace") {
        batch_.replace(database, collection, id_of(event), document_of(event));
    } else if (operation == "delete") {
        batch_.remove(database, collection, id_of(event));
    } else if (operation == "invalidate") {
        is_invalidated_ = true;
    } else if (operation == "dropDatabase") {
        batch_.note_database_dropped(database);
    } else if (auto command = command_of_event({operation, database, collection, event.to_database,
                                                event.to_collection, event.definition})) {
        if (event.transaction.empty()) {
            batch_.define(std::move(*command), event.place);
        } else {
            batch_.define_in_transaction(*command);
        }
    }
    place_ = std::move(event.place);
    transaction_ = std::move(event.transaction);
    has_open_ = true;
    if (transaction_.empty()) end_transaction();
}

void ChangeEventDecoder::end_transaction() {
    batch_.commit(place_);
    transaction_.clear();
    has_open_ = false;
}

void ChangeEventDecoder::ran_dry() {
    if (has_open_ && fragments_.empty()) end_transaction();
}

void ChangeEventDecoder::looked_as_far_as(std::string_view token, BsonTimestamp server_time) {
    if (token.empty() || !fragments_.empty() || token == last_token_) return;
    if (has_open_) end_transaction();
    last_token_ = token;
    MongoPlace place;
    place.resume_token = token_json(token);
    if (place.resume_token == place_.resume_token) return;
    place.time = time_of_token(token).value_or(server_time);
    place_ = place;
    batch_.commit(std::move(place));
}

}  // namespace dts
