#include "lib/source/mongo/oplog_reader.hpp"

#include <fmt/format.h>

#include "lib/base/clock_text.hpp"

namespace dts {

namespace {

constexpr std::chrono::milliseconds longest_wait{500};

void add_read_concern(BsonWriter& command) {
    const auto concern = command.open("readConcern", BsonType::document);
    command.text("level", "majority");
    command.close(concern);
}

std::string from_time(BsonTimestamp time) {
    BsonWriter range;
    range.timestamp("$gte", time);
    BsonWriter filter;
    filter.document("ts", range.take());
    return filter.take();
}

std::string text_of(BsonTimestamp time) {
    return fmt::format("{} (entry {})", millisecond_text(std::int64_t{time.seconds} * 1000),
                       time.increment);
}

constexpr std::string_view copy_anew =
    "copy the collections anew and start at a position from before the copy; a larger oplog "
    "(replSetResizeOplog) keeps more";

}  // namespace

OplogReader::OplogReader(MongoConnection& connection, const MongoServerFacts& server,
                         DocumentBatch& batch, std::size_t batch_changes)
    : connection_(connection),
      batch_(batch),
      batch_changes_(batch_changes),
      seeks_by_time_(server.at_least(4, 4)),
      session_(connection.start_session()),
      decoder_(batch, [this](BsonTimestamp time) { return fetch(time); }) {}

/// Entries from that time on. A server before 4.4 reads the whole oplog for it unless told.
void OplogReader::add_range(BsonWriter& command, BsonTimestamp from) const {
    command.document("filter", from_time(from));
    if (!seeks_by_time_) command.boolean("oplogReplay", true);
}

std::optional<std::string> OplogReader::find_one(BsonWriter command) {
    command.int32("limit", 1).boolean("singleBatch", true);
    add_read_concern(command);
    MongoCursor cursor(connection_, "local", command.take(), {&session_, 0});
    const auto entries = cursor.next();
    const auto entry = entries ? BsonReader(*entries).next() : std::nullopt;
    if (!entry) return std::nullopt;
    return std::string(entry->as_document());
}

std::optional<std::string> OplogReader::find_from(BsonTimestamp time) {
    BsonWriter command;
    command.text("find", "oplog.rs");
    add_range(command, time);
    return find_one(std::move(command));
}

std::optional<std::string> OplogReader::find_end(int natural_order) {
    BsonWriter command;
    command.text("find", "oplog.rs").document("filter", empty_document);
    const auto sort = command.open("sort", BsonType::document);
    command.int32("$natural", natural_order);
    command.close(sort);
    return find_one(std::move(command));
}

std::optional<BsonTimestamp> OplogReader::end_of(int natural_order) {
    const auto entry = find_end(natural_order);
    return entry ? std::optional(OplogEntry(*entry).place.time) : std::nullopt;
}

std::string OplogReader::fetch(BsonTimestamp time) {
    auto entry = find_from(time);
    if (!entry || OplogEntry(*entry).place.time != time)
        throw Error(ErrorKind::gap,
                    fmt::format("the oplog no longer holds {}, the begin of a transaction that "
                                "ends later",
                                text_of(time)),
                    std::string(copy_anew));
    return std::move(*entry);
}

MongoPlace OplogReader::current_end() {
    const auto entry = find_end(-1);
    if (!entry)
        throw Error(ErrorKind::config, "the source has no oplog",
                    "it must be a member of a replica set");
    return OplogEntry(*entry).place;
}

Holding OplogReader::holds(const MongoPosition& position) {
    if (position.operation_time == 0)
        return {false, "the position is a token of a change stream, without a time",
                "set [extractor] source=change_stream"};
    const bool is_exact = position.increment != 0;
    const BsonTimestamp wanted{position.operation_time, is_exact ? position.increment : 1};
    const auto oldest = end_of(1);
    const auto newest = end_of(-1);
    if (!oldest || !newest) return {false, "its oplog is empty", "is it in a replica set?"};
    const auto range = fmt::format("its oplog holds {} to {}", text_of(*oldest), text_of(*newest));
    if (wanted < *oldest) return {false, range, std::string(copy_anew)};
    if (newest->seconds < position.operation_time)
        return {false, range + ", all older than the position",
                "the source was restored from an earlier state, or is another one"};
    if (is_exact) {
        const auto entry = find_from(wanted);
        if (!entry || OplogEntry(*entry).place.time != wanted)
            return {false, fmt::format("{}, but not the entry {}", range, text_of(wanted)),
                    "the entry was rolled back at the source: copy the collections anew"};
    }
    return {true, range, ""};
}

void OplogReader::open(const MongoPosition& position) {
    cursor_.reset();
    entries_.reset();
    const BsonTimestamp start{position.operation_time, position.increment};
    expected_.reset();
    if (position.increment != 0) expected_ = start;
    BsonWriter command;
    command.text("find", "oplog.rs");
    add_range(command, start);
    command.boolean("tailable", true).boolean("awaitData", true);
    command.int32("batchSize", static_cast<std::int32_t>(batch_changes_));
    add_read_concern(command);
    cursor_ =
        std::make_unique<MongoCursor>(connection_, "local", command.take(),
                                      MongoConnection::Way{&session_, connection_.select_server()});
    // Asked behind the cursor, which keeps its place from here on: what it needs was there.
    const auto holding = holds(position);
    if (!holding.held)
        throw Error(ErrorKind::gap,
                    fmt::format("the source no longer holds what follows {}: {}",
                                position.to_json(), holding.detail),
                    holding.hint);
}

bool OplogReader::read() {
    if (!is_drained()) return work_off();
    const auto batch = cursor_->next(longest_wait);
    if (!batch) throw Error(ErrorKind::transient, "the source has ended the oplog's cursor");
    batch_.add_source_bytes(cursor_->reply().size());
    if (batch->size() <= empty_document.size()) return false;
    entries_.emplace(*batch);
    skip_start();
    return work_off();
}

void OplogReader::skip_start() {
    if (!expected_) return;
    const auto first = entries_->next();
    const auto time = first ? OplogEntry(first->as_document()).place.time : BsonTimestamp{};
    if (time != *expected_)
        throw Error(ErrorKind::gap,
                    fmt::format("the oplog's entry {} is gone: the next is {}", text_of(*expected_),
                                text_of(time)),
                    std::string(copy_anew));
    expected_.reset();
}

/// Until the batch is full, or nothing is left of what the cursor gave.
bool OplogReader::work_off() {
    while (!batch_.is_full()) {
        if (decoder_.is_inside_chain()) {
            decoder_.step();
            continue;
        }
        const auto entry = entries_ ? entries_->next() : std::nullopt;
        if (!entry) {
            entries_.reset();
            break;
        }
        decoder_.accept(entry->as_document());
    }
    return true;
}

}  // namespace dts
