#include "test/servers/mongo/writer.hpp"

#include <bson/bson.h>

#include "test/servers/mongo/diff.hpp"
#include "test/servers/mongo/failure.hpp"
#include "test/servers/mongo/match.hpp"
#include "test/servers/mongo/value_key.hpp"

namespace standin {

namespace {

std::string json(const Value& document) {
    bson_t view;
    const std::string& bytes = document.bytes();
    if (!bson_init_static(&view, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                          bytes.size())) {
        return "?";
    }
    char* text = bson_as_relaxed_extended_json(&view, nullptr);
    std::string copy = text ? text : "?";
    bson_free(text);
    return copy;
}

Failure duplicate(const std::string& ns, const std::string& index, const Value& fields,
                  const Value& document) {
    Value key = Value::document(std::vector<Field>());
    for (const auto& field : fields.fields()) {
        const Value* value = document.find(field.name);
        key.append(field.name, value ? *value : Value());
    }
    return failure(code::duplicate_key, "E11000 duplicate key error collection: " + ns +
                                            " index: " + index + " dup key: " + json(key));
}

Value id_of(const Value& document) {
    return Value{{"_id", *document.find("_id")}};
}

}  // namespace

void check_namespace(const std::string& ns) {
    const auto collection = collection_of(ns);
    if (database_of(ns).empty() || collection.empty() || collection.front() == '.' ||
        collection.find('$') != std::string::npos || ns.size() > 255) {
        throw failure(code::invalid_namespace, "Invalid namespace specified '" + ns + "'");
    }
}

Raw View::find(const std::string& ns, const std::string& key) const {
    if (transaction_ != nullptr) {
        const auto written = transaction_->written.find(ns);
        if (written != transaction_->written.end()) {
            const auto found = written->second.find(key);
            if (found != written->second.end()) return found->second;
        }
    }
    const Collection* collection = store_->find(ns);
    if (collection == nullptr) return nullptr;
    if (transaction_ != nullptr) return collection->find_at(key, transaction_->snapshot);
    const Record* record = collection->find(key);
    return record ? record->document : nullptr;
}

void View::scan(const std::string& ns,
                const std::function<bool(const std::string&, const Raw&)>& visitor) const {
    const Collection* collection = store_->find(ns);
    bool goes_on = true;
    if (collection != nullptr) {
        collection->scan([&](const std::string& key, const Record& record) {
            const Raw raw = transaction_ ? find(ns, key) : record.document;
            if (raw) goes_on = visitor(key, raw);
            return goes_on;
        });
    }
    if (!goes_on || transaction_ == nullptr) return;
    if (collection != nullptr) {
        // Removed by others since the snapshot.
        for (const auto& [key, version] : collection->history()) {
            if (collection->find(key) != nullptr || version.until <= transaction_->snapshot ||
                version.since > transaction_->snapshot) {
                continue;
            }
            const Raw raw = find(ns, key);
            if (raw && !visitor(key, raw)) return;
        }
    }
    const auto written = transaction_->written.find(ns);
    if (written == transaction_->written.end()) return;
    for (const auto& [key, raw] : written->second) {
        if (!raw || (collection != nullptr && collection->find(key) != nullptr)) continue;
        if (!visitor(key, raw)) return;
    }
}

std::vector<Raw> View::matching(const std::string& ns, const Value& filter,
                                std::size_t limit) const {
    std::vector<Raw> found;
    const Value* id = filter.find("_id");
    if (id != nullptr && !is_operator_document(*id) && id->type() != Type::regex &&
        !id->is_array()) {
        const Raw raw = find(ns, key_of(*id));
        if (raw && (filter.size() == 1 || matches(filter, parsed(raw)))) found.push_back(raw);
        return found;
    }
    scan(ns, [&](const std::string&, const Raw& raw) {
        if (filter.size() == 0 || matches(filter, parsed(raw))) found.push_back(raw);
        return limit == 0 || found.size() < limit;
    });
    return found;
}

Writer::Writer(Engine& engine, const Request& request, std::int64_t statement)
    : engine_(engine), request_(request), statement_(statement) {}

void Writer::lock(const std::string& lock, Timestamp modified) {
    const Transaction* owner = engine_.sessions().owner_of(lock);
    if (request_.transaction == nullptr) {
        if (owner != nullptr) throw MustWait();
        return;
    }
    if ((owner != nullptr && owner != request_.transaction) ||
        modified > request_.transaction->snapshot) {
        throw failure(code::write_conflict,
                      "WriteConflict error: this operation conflicted with another operation. "
                      "Please retry your operation or multi-document transaction.",
                      {"TransientTransactionError"});
    }
    locks_.push_back(lock);
}

void Writer::check_unique(const Collection& collection, const Value& document) {
    const auto key = key_of(*document.find("_id"));
    for (const auto& index : collection.indexes()) {
        if (!index.unique) continue;
        const auto entry = Collection::entry_of(index, document);
        if (entry.empty()) continue;
        lock(collection.name + '\1' + index.spec.text_of("name") + '\1' + entry, {});
        bool taken = false;
        const auto found = index.entries.find(entry);
        if (found != index.entries.end() && found->second != key) {
            // The one that holds it may have been changed or removed in this very transaction.
            const Raw other = view().find(collection.name, found->second);
            taken = other && Collection::entry_of(index, parsed(other)) == entry;
        }
        if (request_.transaction != nullptr && !taken) {
            const auto own = request_.transaction->written.find(collection.name);
            if (own != request_.transaction->written.end()) {
                for (const auto& [other_key, raw] : own->second) {
                    taken = taken || (raw && other_key != key &&
                                      Collection::entry_of(index, parsed(raw)) == entry);
                }
            }
        }
        if (taken) {
            throw duplicate(collection.name, index.spec.text_of("name"), *index.spec.find("key"),
                            document);
        }
    }
}

void Writer::take(const std::string& ns, const Value& document, const Value* replaced) {
    const auto key = key_of(*document.find("_id"));
    const Collection* collection = engine_.store().find(ns);
    Timestamp modified;
    if (collection != nullptr) {
        if (const Record* record = collection->find(key)) modified = record->modified;
        const auto [first, last] = collection->history().equal_range(key);
        for (auto one = first; one != last; ++one) {
            modified = std::max(modified, one->second.until);
        }
    }
    lock(ns + '\0' + key, modified);
    if (replaced == nullptr && view().find(ns, key)) {
        throw duplicate(ns, "_id_", Value{{"_id", std::int32_t{1}}}, document);
    }
}

Value Writer::uuid_of(const std::string& ns) const {
    const auto made = created_.find(ns);
    if (made != created_.end()) return made->second;
    return engine_.store().find(ns)->uuid;
}

void Writer::need_collection(const std::string& ns) {
    if (engine_.store().find(ns) != nullptr || created_.contains(ns)) return;
    check_namespace(ns);
    // In a transaction too it is there at once, for everybody: simpler than the server, which makes
    // it with the transaction.
    Change creation;
    add_creation(creation, ns, engine_.new_uuid(), Value::document(std::vector<Field>()));
    if (request_.transaction != nullptr) {
        engine_.commit(std::move(creation));
        return;
    }
    created_[ns] = *creation.mutations.front().find("uuid");
    for (auto& entry : creation.entries) change_.entries.push_back(std::move(entry));
    for (auto& mutation : creation.mutations) change_.mutations.push_back(std::move(mutation));
}

void Writer::log(Value operation, const std::string& ns, Value o, std::optional<Value> o2) {
    Value entry = Value::document(std::vector<Field>());
    if (request_.retryable()) {
        entry.append("lsid", *request_.body.find("lsid"));
        entry.append("txnNumber", request_.txn_number());
    }
    entry.append("op", std::move(operation));
    entry.append("ns", ns);
    entry.append("ui", uuid_of(ns));
    entry.append("o", std::move(o));
    if (o2) entry.append("o2", std::move(*o2));
    if (engine_.settings().from_migrate) entry.append("fromMigrate", true);
    if (request_.retryable()) entry.append("stmtId", static_cast<std::int32_t>(statement_));
    change_.entries.push_back(std::move(entry));
}

void Writer::insert(const std::string& ns, const Value& document) {
    need_collection(ns);
    take(ns, document, nullptr);
    if (const Collection* collection = engine_.store().find(ns)) {
        check_unique(*collection, document);
    }
    log("i", ns, document, id_of(document));
    change_.mutations.push_back(Value{{"k", "put"}, {"ns", ns}, {"d", document}});
    written_.push_back({ns, {key_of(*document.find("_id")), raw_of(document)}});
}

void Writer::update(const std::string& ns, const Value& before, const Updated& updated) {
    take(ns, before, &before);
    const Value& after = updated.document;
    check_unique(*engine_.store().find(ns), after);
    Value o = after;
    if (updated.kind != UpdateKind::replacement) {
        const bool operators = updated.kind == UpdateKind::operators;
        const auto diff = diff_of(before, after, operators ? &updated.paths : nullptr);
        // A pipeline is logged as a replacement where that is shorter.
        if (diff && (operators || diff->bytes().size() < after.bytes().size())) {
            o = engine_.settings().oplog_version == 1
                    ? modifiers_of(*diff, after)
                    : Value{{"$v", std::int32_t{2}}, {"diff", *diff}};
        }
    }
    log("u", ns, std::move(o), id_of(before));
    change_.mutations.push_back(Value{{"k", "put"}, {"ns", ns}, {"d", after}});
    written_.push_back({ns, {key_of(*after.find("_id")), raw_of(after)}});
}

void Writer::remove(const std::string& ns, const Value& before) {
    take(ns, before, &before);
    log("d", ns, id_of(before), std::nullopt);
    change_.mutations.push_back(Value{{"k", "remove"}, {"ns", ns}, {"id", *before.find("_id")}});
    written_.push_back({ns, {key_of(*before.find("_id")), nullptr}});
}

void Writer::finish(const Value& answer) {
    if (Transaction* transaction = request_.transaction) {
        for (const auto& one : locks_) engine_.sessions().lock(*transaction, one);
        for (auto& entry : change_.entries) transaction->operations.push_back(std::move(entry));
        for (auto& one : change_.mutations) transaction->mutations.push_back(std::move(one));
        for (auto& [ns, record] : written_) {
            transaction->written[ns][record.first] = std::move(record.second);
        }
        return;
    }
    if (request_.retryable()) {
        change_.mutations.push_back(Value{{"k", "answer"},
                                          {"id", *request_.body.find("lsid")->find("id")},
                                          {"n", request_.txn_number()},
                                          {"s", statement_},
                                          {"r", answer}});
    }
    if (change_.mutations.empty() && change_.entries.empty()) return;
    const auto& settings = engine_.settings();
    if (settings.batched_deletes && change_.entries.size() > 1 && !request_.retryable()) {
        Value operations = Value::array({});
        for (auto& entry : change_.entries) operations.push(std::move(entry));
        change_.entries = {Value{
            {"op", "c"}, {"ns", "admin.$cmd"}, {"o", Value{{"applyOps", std::move(operations)}}}}};
    }
    engine_.commit(std::move(change_));
}

void add_creation(Change& change, const std::string& ns, const Value& uuid, const Value& options) {
    Value o{{"create", collection_of(ns)}};
    for (const auto& field : options.fields()) o.append(field.name, field.value);
    o.append(
        "idIndex",
        Value{{"v", std::int32_t{2}}, {"key", Value{{"_id", std::int32_t{1}}}}, {"name", "_id_"}});
    change.entries.push_back(
        Value{{"op", "c"}, {"ns", database_of(ns) + ".$cmd"}, {"ui", uuid}, {"o", std::move(o)}});
    change.mutations.push_back(Value{{"k", "create"},
                                     {"ns", ns},
                                     {"uuid", uuid},
                                     {"type", options.has("timeseries") ? "timeseries"
                                              : options.has("viewOn")   ? "view"
                                                                        : "collection"},
                                     {"options", options}});
}

}  // namespace standin
