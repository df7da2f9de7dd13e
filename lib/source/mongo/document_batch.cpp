#include "lib/source/mongo/document_batch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/error.hpp"
#include "lib/change/document_table.hpp"
#include "lib/client/document_key.hpp"
#include "lib/source/mongo/held_back_options.hpp"

namespace dts {

namespace {

constexpr std::int64_t second_us = 1'000'000;

bool is_servers_own(std::string_view database, std::string_view collection) {
    constexpr std::array<std::string_view, 3> own = {"admin", "config", "local"};
    return std::find(own.begin(), own.end(), database) != own.end() ||
           collection.starts_with("system.") ||
           collection.starts_with("tmp.agg_out.");  // $out's, until it is renamed
}

std::int64_t time_us_of(const MongoPlace& place) {
    return place.time_us != 0 ? place.time_us : std::int64_t{place.time.seconds} * second_us;
}

}  // namespace

PositionPtr make_mongo_position(const MongoPlace& place) {
    auto position = std::make_shared<MongoPosition>();
    position->resume_token = place.resume_token;
    position->operation_time = place.time.seconds;
    if (place.resume_token.empty()) position->increment = place.time.increment;
    position->timestamp_ms = std::int64_t{place.time.seconds} * 1000;
    return position;
}

class DocumentBatch::Trail final : public CommitTrail {
  public:
    explicit Trail(MongoPlace before) : last_(std::move(before)) {}

    /// `moves`: the mark recorded last gives way to this one.
    void mark(MongoPlace place, bool moves) {
        last_ = place;
        if (moves) marks_.pop_back();
        marks_.push_back(std::move(place));
    }
    PositionPtr after_commit(std::size_t mark) const override {
        return make_mongo_position(marks_.at(mark));
    }
    /// Behind the last whole transaction: a Mongo task resumes from current positions.
    PositionPtr last_read() const override { return make_mongo_position(last_); }

  private:
    std::vector<MongoPlace> marks_;
    MongoPlace last_;
};

DocumentBatch::DocumentBatch(TableSelector selector, Limits limits, CollectionCommandKinds commands)
    : selector_(std::move(selector)), limits_(limits), commands_(commands) {
    begin();
}

DocumentBatch::~DocumentBatch() = default;

void DocumentBatch::start(MongoPlace place) {
    last_place_ = std::move(place);
    open_ = false;
    parted_.clear();
    begin();
}

void DocumentBatch::begin() {
    batch_ = std::make_unique<ChangeBatch>();
    trail_ = std::make_unique<Trail>(last_place_);
    last_table_ = nullptr;
}

const TableSchemaPtr* DocumentBatch::table_of(std::string_view database,
                                              std::string_view collection) {
    auto in_database = tables_.find(database);
    if (in_database == tables_.end())
        in_database = tables_.emplace(std::string(database), Collections()).first;
    auto found = in_database->second.find(collection);
    if (found == in_database->second.end()) {
        TableSchemaPtr table;
        if (!is_servers_own(database, collection) && selector_(database, collection)) {
            table = std::make_shared<TableSchema>(
                document_table::schema_of(std::string(database), std::string(collection)));
        }
        found = in_database->second.emplace(std::string(collection), std::move(table)).first;
    }
    return found->second ? &found->second : nullptr;
}

void DocumentBatch::add(ChangeKind kind, const TableSchemaPtr* table, const BsonElement& id,
                        std::string_view document, std::string_view update) {
    if (table == nullptr) {
        ++batch_->skipped_changes;
        return;
    }
    if (table->get() != last_table_) {
        last_table_ = table->get();
        if (std::find(batch_->tables.begin(), batch_->tables.end(), *table) == batch_->tables.end())
            batch_->tables.push_back(*table);
    }
    Arena& arena = batch_->arena;
    std::string key;
    append_document_key(key, id);
    const auto values = arena.allocate<Value>(2 * document_table::columns);
    for (Value& value : values) value = Value();
    Value* const before = values.data();
    Value* const after = before + document_table::columns;
    const auto view = [&](std::string_view bytes) {
        return Value::view(ValueKind::bytes, arena.copy(bytes));
    };
    before[document_table::key] = after[document_table::key] = view(key);
    if (!document.empty()) after[document_table::document] = view(document);
    if (!update.empty()) after[document_table::update] = view(update);
    batch_->changes.push_back({table->get(), kind == ChangeKind::insert ? nullptr : before,
                               kind == ChangeKind::remove ? nullptr : after, kind,
                               !update.empty()});
}

void DocumentBatch::insert(std::string_view database, std::string_view collection,
                           const BsonElement& id, std::string_view document) {
    add(ChangeKind::insert, table_of(database, collection), id, document, {});
}

void DocumentBatch::replace(std::string_view database, std::string_view collection,
                            const BsonElement& id, std::string_view document) {
    add(ChangeKind::update, table_of(database, collection), id, document, {});
}

void DocumentBatch::update(std::string_view database, std::string_view collection,
                           const BsonElement& id, std::string_view description) {
    add(ChangeKind::update, table_of(database, collection), id, {}, description);
}

void DocumentBatch::remove(std::string_view database, std::string_view collection,
                           const BsonElement& id) {
    add(ChangeKind::remove, table_of(database, collection), id, {}, {});
}

void DocumentBatch::commit(MongoPlace place) {
    const auto end = static_cast<std::uint32_t>(batch_->changes.size());
    auto& marks = batch_->commits;
    // Where nothing has changed since the last mark, that one moves on.
    const bool moves = !marks.empty() && marks.back().change_end == end;
    if (!moves) marks.push_back({end, time_us_of(place)});
    last_place_ = place;
    trail_->mark(std::move(place), moves);
    open_ = false;
}

void DocumentBatch::note(std::string text) {
    if (noted_.insert(text).second) batch_->notes.push_back(std::move(text));
}

void DocumentBatch::define(CollectionCommand command, const MongoPlace& place) {
    if (is_noted(command)) return;
    for (auto& text : hold_back_options(command)) note(std::move(text));
    const bool is_empty_change = command.kind == CollectionCommand::Kind::modify &&
                                 command.body.size() <= empty_document.size();
    if (is_empty_change) return;
    if (batch_->ends_inside_transaction())
        throw Error(ErrorKind::bug, "a collection is changed inside a transaction");
    const bool has_more = !batch_->changes.empty() || !batch_->commits.empty();
    if (has_more) parted_.push_back(end());
    batch_->command = std::make_shared<CollectionCommand>(std::move(command));
    commit(place);
    parted_.push_back(end());
    tables_.clear();
}

/// Collections that a transaction makes are made in the target with their first document; only what
/// else it says of them is missing there.
void DocumentBatch::define_in_transaction(const CollectionCommand& command) {
    const bool is_plain = command.kind == CollectionCommand::Kind::create &&
                          command.body.size() <= empty_document.size();
    if (!is_plain && selects(command.database, command.collection))
        note_not_applied(command, " (inside of a transaction)");
}

/// What is not to be applied is said, where anybody has subscribed to it.
bool DocumentBatch::is_noted(const CollectionCommand& command) {
    using Kind = CollectionCommand::Kind;
    const bool selected = selects(command.database, command.collection);
    if (command.kind != Kind::rename) {
        // A collection is made in the target with its first document, too.
        if (selected && !commands_.has(command.kind) && command.kind != Kind::create)
            note_not_applied(command, "");
        return !selected || !commands_.has(command.kind);
    }
    const bool to_selected = selects(command.to_database, command.to_collection);
    if (selected && to_selected && commands_.has(Kind::rename)) return false;
    if (selected) note_not_applied(command, to_selected ? "" : " (the new name is not subscribed)");
    if (to_selected)
        note(
            fmt::format("a collection was renamed to \"{}\".\"{}\" at the source (as $out does): "
                        "its documents are not in the target, copy it anew",
                        command.to_database, command.to_collection));
    return true;
}

void DocumentBatch::note_not_applied(const CollectionCommand& command, std::string_view why) {
    note(fmt::format("{} of \"{}\".\"{}\" at the source is not applied to the target{}",
                     command.name(), command.database, command.collection, why));
}

void DocumentBatch::note_database_dropped(std::string_view database) {
    if (!commands_.has(CollectionCommand::Kind::drop))
        note(fmt::format("dropDatabase of \"{}\" at the source is not applied to the target",
                         database));
}

bool DocumentBatch::is_empty() const noexcept {
    return parted_.empty() && batch_->changes.empty() && batch_->commits.empty() &&
           batch_->notes.empty();
}

bool DocumentBatch::is_full() const noexcept {
    // The bytes of a reply count before its first change is taken from it: that alone is not full.
    return !is_empty() && (!parted_.empty() || batch_->changes.size() >= limits_.changes ||
                           batch_->bytes() >= limits_.bytes);
}

ChangeBatchPtr DocumentBatch::take() {
    if (parted_.empty()) return end();
    auto batch = std::move(parted_.front());
    parted_.pop_front();
    return batch;
}

ChangeBatchPtr DocumentBatch::end() {
    if (batch_->ends_inside_transaction()) open_ = true;
    batch_->trail = std::move(trail_);
    auto batch = std::move(batch_);
    begin();
    return batch;
}

}  // namespace dts
