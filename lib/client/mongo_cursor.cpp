#include "lib/client/mongo_cursor.hpp"

namespace dts {

MongoCursor::MongoCursor(MongoConnection& connection, std::string database,
                         std::string_view command, const MongoConnection::Way& way)
    : connection_(connection),
      database_(std::move(database)),
      way_(way),
      reply_(connection.command(database_, command, way)) {}

MongoCursor::~MongoCursor() {
    if (id_ == 0) return;
    BsonWriter command;
    command.text("killCursors", collection_);
    const auto ids = command.open("cursors", BsonType::array);
    command.int64("0", id_);
    command.close(ids);
    try {
        connection_.command(database_, command.take(), way_);
    } catch (const Error&) {
        // The server is away: it ends the cursor by itself.
    }
}

std::optional<std::string_view> MongoCursor::next(std::chrono::milliseconds wait) {
    if (is_first_) {
        is_first_ = false;
        return take_batch("firstBatch");
    }
    if (id_ == 0) return std::nullopt;
    BsonWriter command;
    command.int64("getMore", id_).text("collection", collection_);
    if (wait.count() > 0) command.int64("maxTimeMS", wait.count());
    try {
        reply_ = connection_.command(database_, command.take(), way_);
    } catch (...) {
        id_ = 0;  // a cursor that failed is gone
        throw;
    }
    return take_batch("nextBatch");
}

std::string_view MongoCursor::take_batch(std::string_view name) {
    const auto cursor = find_element(reply_.bytes(), "cursor");
    if (!cursor)
        throw Error(ErrorKind::data, "MongoDB answers without a cursor where there must be one");
    std::string_view batch = empty_document;
    resume_token_ = {};
    BsonReader reader(cursor->as_document());
    while (const auto element = reader.next()) {
        if (element->name == "id") id_ = element->as_integer();
        if (element->name == name) batch = element->as_document();
        if (element->name == "postBatchResumeToken") resume_token_ = element->as_document();
        if (element->name == "ns" && collection_.empty()) {
            // "db.collection"; of a cluster's change stream "admin.$cmd.aggregate".
            const auto full = element->as_text();
            const auto dot = full.find('.');
            if (dot != std::string_view::npos) collection_ = full.substr(dot + 1);
        }
    }
    return batch;
}

}  // namespace dts
