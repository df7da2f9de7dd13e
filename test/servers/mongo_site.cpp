#include "test/servers/mongo_site.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "lib/client/document_key.hpp"
#include "lib/client/mongo_cursor.hpp"

namespace dts::test {

namespace {

MongoEndpoint endpoint_of(const std::string& uri) {
    MongoEndpoint endpoint;
    endpoint.uri = uri;
    endpoint.client_name = "test";
    return endpoint;
}

std::string shown(std::string_view document) {
    const bson_t view = borrowed_bson(document);
    char* const json = bson_as_relaxed_extended_json(&view, nullptr);
    std::string text = json != nullptr ? json : "a document that has no JSON form";
    bson_free(json);
    return text.substr(0, 300);
}

}  // namespace

std::string bson_of(std::string_view json) {
    bson_error_t error;
    const BsonHandle document(bson_new_from_json(reinterpret_cast<const std::uint8_t*>(json.data()),
                                                 static_cast<ssize_t>(json.size()), &error));
    if (!document) throw std::runtime_error(fmt::format("{}: {}", error.message, json));
    return std::string(bytes_of(document.get()));
}

MongoSite::MongoSite(std::string uri)
    : uri_(std::move(uri)), connection_(endpoint_of(uri_)), session_(connection_.start_session()) {}

std::string MongoSite::run(const std::string& database, std::string_view json) {
    return run_bytes(database, bson_of(json));
}

std::string MongoSite::run_bytes(const std::string& database, std::string_view command) {
    return std::string(connection_.command(database, command).bytes());
}

void MongoSite::transaction(const std::vector<std::pair<std::string, std::string>>& commands) {
    connection_.begin(session_);
    try {
        for (const auto& [database, command] : commands)
            connection_.command(database, bson_of(command), {&session_, 0});
        connection_.commit(session_);
    } catch (...) {
        connection_.abort(session_);
        throw;
    }
}

void MongoSite::insert(const std::string& database, const std::string& collection,
                       const std::vector<std::string>& documents) {
    BsonWriter command;
    command.text("insert", collection);
    const auto array = command.open("documents", BsonType::array);
    for (std::size_t i = 0; i < documents.size(); ++i)
        command.document(std::to_string(i), documents[i]);
    command.close(array);
    run_bytes(database, command.take());
}

void MongoSite::insert_json(const std::string& database, const std::string& collection,
                            std::string_view json) {
    insert(database, collection, {bson_of(json)});
}

std::map<std::string, std::string> MongoSite::documents(const std::string& database,
                                                        const std::string& collection) {
    std::map<std::string, std::string> documents;
    BsonWriter command;
    command.text("find", collection).document("filter", empty_document);
    MongoCursor cursor(connection_, database, command.take(), {&session_, 0});
    while (const auto batch = cursor.next()) {
        BsonReader reader(*batch);
        while (const auto document = reader.next()) {
            const auto id = find_element(document->as_document(), "_id");
            std::string key;
            if (id) append_document_key(key, *id);
            documents.emplace(std::move(key), document->as_document());
        }
    }
    return documents;
}

std::vector<std::string> MongoSite::list(const std::string& database, std::string_view json) {
    std::vector<std::string> all;
    MongoCursor cursor(connection_, database, bson_of(json), {&session_, 0});
    while (const auto batch = cursor.next()) {
        BsonReader reader(*batch);
        while (const auto document = reader.next()) all.emplace_back(document->as_document());
    }
    return all;
}

std::string MongoSite::checkpoint_field(std::string_view field) {
    const auto all = documents("dts_metadata", "task_position");
    if (all.empty()) return {};
    const auto found = find_element(all.begin()->second, field);
    return found && found->type == BsonType::text ? std::string(found->as_text()) : std::string();
}

std::string differences(MongoSite& source, MongoSite& target, const std::string& database,
                        const std::string& collection) {
    const auto here = source.documents(database, collection);
    const auto there = target.documents(database, collection);
    for (const auto& [key, document] : here) {
        const auto found = there.find(key);
        if (found == there.end()) return "the target lacks " + shown(document);
        if (found->second != document)
            return fmt::format("the source has {}, the target {}", shown(document),
                               shown(found->second));
    }
    for (const auto& [key, document] : there) {
        if (!here.contains(key)) return "the target alone has " + shown(document);
    }
    return {};
}

}  // namespace dts::test
