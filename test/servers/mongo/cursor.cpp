#include "test/servers/mongo/cursor.hpp"

#include <random>

#include "test/servers/mongo/failure.hpp"
#include "test/servers/mongo/match.hpp"

namespace standin {

void ListCursor::fill(Batch& batch) {
    while (next_ < found_.size() && !batch.is_full(found_[next_].bytes().size())) {
        batch.add(found_[next_++]);
    }
}

std::uint64_t first_wanted(const Oplog& oplog, const Value& filter) {
    const Value* ts = filter.find("ts");
    if (ts == nullptr) return oplog.begin();
    for (const auto* bound : {"$gt", "$gte", "$eq"}) {
        const Value* time = ts->find(bound);
        if (time != nullptr && time->type() == Type::timestamp) {
            return oplog.lower_bound(time->time());
        }
    }
    return ts->type() == Type::timestamp ? oplog.lower_bound(ts->time()) : oplog.begin();
}

OplogCursor::OplogCursor(const Engine& engine, Value filter, bool awaits)
    : Cursor(oplog_ns),
      engine_(engine),
      filter_(std::move(filter)),
      awaits_(awaits),
      next_(first_wanted(engine.oplog(), filter_)) {}

void OplogCursor::fill(Batch& batch) {
    const Oplog& oplog = engine_.oplog();
    if (next_ < oplog.begin()) {
        throw failure(code::capped_position_lost,
                      "CollectionScan died due to position in capped collection being deleted. "
                      "Last seen record is no longer there");
    }
    for (; next_ < oplog.end(); ++next_) {
        Value entry = parsed(oplog.at(next_).document);
        if (!matches(filter_, entry)) continue;
        if (batch.is_full(entry.bytes().size())) return;
        batch.add(std::move(entry));
    }
}

std::int64_t Cursors::add(std::unique_ptr<Cursor> cursor) {
    static std::mt19937_64 random{std::random_device{}()};
    const auto id = static_cast<std::int64_t>((random() >> 1) | 1);
    cursors_[id] = std::move(cursor);
    return id;
}

Cursor* Cursors::find(std::int64_t id) const {
    const auto found = cursors_.find(id);
    return found == cursors_.end() ? nullptr : found->second.get();
}

Value cursor_reply(const char* batch_name, Batch batch, const std::string& ns, std::int64_t id,
                   const std::optional<Value>& resume_token) {
    Value cursor = Value::document(std::vector<Field>());
    cursor.append(batch_name, Value::array(std::move(batch.documents)));
    if (resume_token) cursor.append("postBatchResumeToken", *resume_token);
    cursor.append("id", id);
    cursor.append("ns", ns);
    return Value{{"cursor", std::move(cursor)}, {"ok", 1.0}};
}

}  // namespace standin
