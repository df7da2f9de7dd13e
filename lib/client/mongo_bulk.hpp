// Writes of one collection, sent together: libmongoc's bulk operation, which cuts them to what the
// server takes in one message. Executes by itself when it holds enough; the rest with execute().
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "lib/client/mongo_client.hpp"

namespace dts {

class MongoBulk {
  public:
    /// In the session's open transaction; without a session each write on its own, acknowledged by
    /// a majority and journaled, with retryWrites. In order, and the first failure ends it.
    MongoBulk(MongoConnection& connection, const std::string& database,
              const std::string& collection, const MongoSession* session);
    ~MongoBulk();

    // `id`: of any type, without a name. Throw MongoError when they execute.
    void remove(const BsonElement& id);
    /// The document takes the place of the one with its _id. `upsert`: also where there is none.
    void write(const BsonElement& id, std::string_view document, bool upsert);
    void insert(std::string_view document);
    void execute();

  private:
    struct Destroy {
        void operator()(mongoc_bulk_operation_t* b) const noexcept {
            mongoc_bulk_operation_destroy(b);
        }
        void operator()(mongoc_collection_t* c) const noexcept { mongoc_collection_destroy(c); }
    };
    void begin();
    void added(bool accepted, const bson_error_t& error, std::size_t bytes);

    MongoConnection& connection_;
    std::string name_;
    const MongoSession* session_;
    std::unique_ptr<mongoc_collection_t, Destroy> collection_;
    std::unique_ptr<mongoc_bulk_operation_t, Destroy> bulk_;
    std::size_t bytes_ = 0;
};

}  // namespace dts
