#include "lib/client/mongo_bulk.hpp"

#include <fmt/format.h>

#include "lib/base/activity.hpp"

namespace dts {

namespace {

constexpr std::size_t most_bytes = std::size_t{8} << 20;

/// {_id: id}. A document as _id whose first name begins with $ would be taken for an operator.
std::string by_id(const BsonElement& id) {
    BsonWriter filter;
    const auto first = id.is_document() ? BsonReader(id.value).next() : std::nullopt;
    if (first && first->name.starts_with('$')) {
        BsonWriter equals;
        equals.element("$eq", id);
        filter.document("_id", equals.take());
    } else {
        filter.element("_id", id);
    }
    return filter.take();
}

}  // namespace

MongoBulk::MongoBulk(MongoConnection& connection, const std::string& database,
                     const std::string& collection, const MongoSession* session)
    : connection_(connection),
      name_(fmt::format("\"{}\".\"{}\"", database, collection)),
      session_(session),
      collection_(mongoc_client_get_collection(connection.handle(), database.c_str(),
                                               collection.c_str())) {}

MongoBulk::~MongoBulk() = default;

void MongoBulk::begin() {
    if (bulk_) return;
    bson_t options;
    bson_init(&options);
    const BsonHandle options_end(&options);
    bson_error_t error;
    BSON_APPEND_BOOL(&options, "ordered", true);
    if (session_ != nullptr) {
        if (!mongoc_client_session_append(session_->handle(), &options, &error))
            throw connection_.failure(error, nullptr, "using a session");
    } else {
        const BsonHandle concern(BCON_NEW("w", BCON_UTF8("majority"), "j", BCON_BOOL(true)));
        BSON_APPEND_DOCUMENT(&options, "writeConcern", concern.get());
    }
    bulk_.reset(mongoc_collection_create_bulk_operation_with_opts(collection_.get(), &options));
    bytes_ = 0;
}

void MongoBulk::added(bool accepted, const bson_error_t& error, std::size_t bytes) {
    if (!accepted) throw connection_.failure(error, nullptr, "a write to " + name_);
    bytes_ += bytes;
    if (bytes_ >= most_bytes) execute();
}

void MongoBulk::remove(const BsonElement& id) {
    begin();
    const std::string filter = by_id(id);
    const bson_t selector = borrowed_bson(filter);
    bson_error_t error;
    added(mongoc_bulk_operation_remove_one_with_opts(bulk_.get(), &selector, nullptr, &error),
          error, filter.size());
}

void MongoBulk::write(const BsonElement& id, std::string_view document, bool upsert) {
    begin();
    const std::string filter = by_id(id);
    const bson_t selector = borrowed_bson(filter);
    const bson_t replacement = borrowed_bson(document);
    const BsonHandle options(BCON_NEW("upsert", BCON_BOOL(upsert), "validate", BCON_BOOL(false)));
    bson_error_t error;
    added(mongoc_bulk_operation_replace_one_with_opts(bulk_.get(), &selector, &replacement,
                                                      options.get(), &error),
          error, filter.size() + document.size());
}

void MongoBulk::insert(std::string_view document) {
    begin();
    const bson_t inserted = borrowed_bson(document);
    const BsonHandle options(BCON_NEW("validate", BCON_BOOL(false)));
    bson_error_t error;
    added(mongoc_bulk_operation_insert_with_opts(bulk_.get(), &inserted, options.get(), &error),
          error, document.size());
}

void MongoBulk::execute() {
    if (!bulk_) return;
    const While waiting(Doing::outside);
    const auto bulk = std::move(bulk_);
    MongoReply reply;
    bson_error_t error;
    if (mongoc_bulk_operation_execute(bulk.get(), reply.start(), &error) == 0)
        throw connection_.failure(error, reply.get(), "writing to " + name_);
}

}  // namespace dts
