#include "test/integration/mongo_client.hpp"

#include <algorithm>
#include <mutex>
#include <stdexcept>

namespace dts::test {

BsonPtr bson(std::string text) {
    std::replace(text.begin(), text.end(), '\'', '"');
    bson_error_t error;
    BsonPtr document(bson_new_from_json(reinterpret_cast<const std::uint8_t*>(text.data()),
                                        static_cast<ssize_t>(text.size()), &error));
    if (!document) throw std::runtime_error(text + ": " + error.message);
    return document;
}

std::string json(const bson_t& document) {
    char* text = bson_as_relaxed_extended_json(&document, nullptr);
    std::string copy = text;
    bson_free(text);
    return copy;
}

std::string at(const bson_t& document, const char* path) {
    bson_iter_t start, found;
    if (!bson_iter_init(&start, &document) || !bson_iter_find_descendant(&start, path, &found)) {
        return {};
    }
    if (BSON_ITER_HOLDS_UTF8(&found)) return bson_iter_utf8(&found, nullptr);
    if (BSON_ITER_HOLDS_BOOL(&found)) return bson_iter_bool(&found) ? "true" : "false";
    if (BSON_ITER_HOLDS_INT(&found)) return std::to_string(bson_iter_as_int64(&found));
    BsonPtr one(bson_new());
    bson_append_iter(one.get(), "v", 1, &found);
    const std::string text = json(*one);  // { "v" : … }
    return text.substr(8, text.size() - 10);
}

std::string exact_at(const bson_t& document, const char* path) {
    bson_iter_t start, found;
    if (!bson_iter_init(&start, &document) || !bson_iter_find_descendant(&start, path, &found)) {
        return {};
    }
    const BsonPtr one(bson_new());
    bson_append_iter(one.get(), "v", 1, &found);
    char* text = bson_as_canonical_extended_json(one.get(), nullptr);
    const std::string whole = text;
    bson_free(text);
    return whole.substr(8, whole.size() - 10);
}

std::vector<std::string> CommandReply::batch() const {
    std::vector<std::string> all;
    bson_iter_t start, found, element;
    for (const auto* path : {"cursor.firstBatch", "cursor.nextBatch"}) {
        if (!bson_iter_init(&start, document.get()) ||
            !bson_iter_find_descendant(&start, path, &found) ||
            !bson_iter_recurse(&found, &element)) {
            continue;
        }
        while (bson_iter_next(&element)) {
            std::uint32_t length = 0;
            const std::uint8_t* bytes = nullptr;
            bson_iter_document(&element, &length, &bytes);
            bson_t view;
            bson_init_static(&view, bytes, length);
            all.push_back(json(view));
        }
    }
    return all;
}

MongoTestClient::MongoTestClient(const std::string& url)
    : client_(nullptr, &mongoc_client_destroy) {
    static std::once_flag initialised;
    std::call_once(initialised, [] { mongoc_init(); });
    client_.reset(mongoc_client_new(url.c_str()));
    mongoc_client_set_error_api(client_.get(), MONGOC_ERROR_API_VERSION_2);
}

CommandReply MongoTestClient::try_run(std::string_view db, std::string command) const {
    const BsonPtr sent = bson(std::move(command));
    CommandReply reply;
    reply.document.reset(bson_new());
    bson_error_t error{};
    reply.ok = mongoc_client_command_simple(client_.get(), std::string(db).c_str(), sent.get(),
                                            nullptr, reply.document.get(), &error);
    if (!reply.ok) reply.code = static_cast<int>(error.code);
    return reply;
}

CommandReply MongoTestClient::run(std::string_view db, std::string command) const {
    CommandReply reply = try_run(db, command);
    if (!reply.ok) throw std::runtime_error(command + ": " + reply.text());
    return reply;
}

std::vector<std::string> MongoTestClient::all(std::string_view db,
                                              std::string_view collection) const {
    return run(db, "{'find': '" + std::string(collection) + "', 'sort': {'_id': 1}}").batch();
}

std::string lsid(unsigned char number) {
    std::string base64(22, 'A');  // 16 bytes
    base64[0] = static_cast<char>('A' + number % 26);
    return "{'id': {'$binary': {'subType': '04', 'base64': '" + base64 + "=='}}}";
}

}  // namespace dts::test
