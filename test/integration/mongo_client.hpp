// libmongoc as the tests of the stand-in use it: commands and documents as extended JSON.
#pragma once

#include <mongoc/mongoc.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dts::test {

struct BsonDestroyer {
    void operator()(bson_t* document) const { bson_destroy(document); }
};
/// By the name of the struct: the alignment of the typedef is nothing that a template can take.
using BsonPtr = std::unique_ptr<_bson_t, BsonDestroyer>;

/// Of relaxed or canonical extended JSON; single quotes may stand for double ones. Throws
/// std::runtime_error.
BsonPtr bson(std::string json);
/// Relaxed.
std::string json(const bson_t& document);
/// The value at a dotted path as text: numbers, texts, "true", documents as JSON; empty for none.
std::string at(const bson_t& document, const char* path);
/// The value there as canonical JSON, of which the same value can be made again.
std::string exact_at(const bson_t& document, const char* path);

/// A command's reply, failed or not.
struct CommandReply {
    BsonPtr document;
    bool ok = false;
    int code = 0;
    std::string text() const { return json(*document); }
    bool has_label(const char* label) const {
        return mongoc_error_has_label(document.get(), label);
    }
    /// Of the first or next batch of a cursor.
    std::vector<std::string> batch() const;
    std::int64_t cursor() const { return std::stoll(at(*document, "cursor.id")); }
    std::string resume_token() const { return at(*document, "cursor.postBatchResumeToken"); }
};

/// One connection.
class MongoTestClient {
  public:
    explicit MongoTestClient(const std::string& url);
    mongoc_client_t* handle() const { return client_.get(); }

    CommandReply try_run(std::string_view db, std::string command) const;
    /// Throws std::runtime_error when it fails.
    CommandReply run(std::string_view db, std::string command) const;
    /// All documents that a find of the collection gives, sorted by _id.
    std::vector<std::string> all(std::string_view db, std::string_view collection) const;

  private:
    std::unique_ptr<mongoc_client_t, decltype(&mongoc_client_destroy)> client_;
};

/// A logical session by hand: {id: UUID}, for lsid.
std::string lsid(unsigned char number);

}  // namespace dts::test
