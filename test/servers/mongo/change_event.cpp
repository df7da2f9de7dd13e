#include "test/servers/mongo/change_event.hpp"

#include <algorithm>

#include "test/servers/mongo/diff.hpp"
#include "test/servers/mongo/failure.hpp"
#include "test/servers/mongo/value_key.hpp"

namespace standin {

namespace {

Value ns_value(const std::string& ns) {
    return Value{{"db", database_of(ns)}, {"coll", collection_of(ns)}};
}

class EntryReader {
  public:
    EntryReader(const Value& entry, const Engine& engine, const StreamOptions& options)
        : entry_(entry), engine_(engine), options_(options) {}

    std::vector<ChangeEvent> read() {
        if (entry_.truthy_of("fromMigrate")) return {};
        std::vector<Value> operations;
        collect(entry_, operations);
        for (auto& operation : operations) {
            tell(operation);
            ++number_;
        }
        return std::move(events_);
    }

  private:
    /// The operations that this entry makes visible.
    void collect(const Value& operation, std::vector<Value>& operations) const {
        const Value* o = operation.find("o");
        const Value* batch = o ? o->find("applyOps") : nullptr;
        const bool commits = o && o->has("commitTransaction");
        if (operation.text_of("op") != "c" || (batch == nullptr && !commits)) {
            operations.push_back(operation);
            return;
        }
        if (batch && (o->truthy_of("partialTxn") || o->truthy_of("prepare"))) return;
        collect_earlier(operation, operations);
        if (batch == nullptr) return;
        for (const auto& inner : batch->elements()) collect(inner, operations);
    }

    void collect_earlier(const Value& entry, std::vector<Value>& operations) const {
        const Value* before = entry.find("prevOpTime");
        const Value* ts = before ? before->find("ts") : nullptr;
        if (ts == nullptr || ts->time() == Timestamp()) return;
        const auto* found = engine_.oplog().find(ts->time());
        if (found == nullptr) {
            throw failure(code::change_stream_history_lost,
                          "Resume of change stream was not possible, as the resume point may no "
                          "longer be in the oplog.");
        }
        const Value earlier = parsed(found->document);
        collect_earlier(earlier, operations);
        const Value* batch = earlier.find("o")->find("applyOps");
        if (batch == nullptr) return;
        for (const auto& inner : batch->elements()) collect(inner, operations);
    }

    bool concerns(const std::string& ns) const {
        const auto db = database_of(ns);
        const auto collection = collection_of(ns);
        if (collection.starts_with("system.")) return false;
        switch (options_.scope) {
            case StreamOptions::Scope::collection:
                return ns == options_.ns;
            case StreamOptions::Scope::database:
                return db == options_.db;
            case StreamOptions::Scope::cluster:
                break;
        }
        return db != "local" && db != "admin" && db != "config";
    }

    Value begin(const char* type, const Value& operation) const {
        ResumeToken token{time(), ResumeToken::Kind::event, number_, ResumeToken::whole};
        Value event{{"_id", token.value()},
                    {"operationType", type},
                    {"clusterTime", time()},
                    {"wallTime", *entry_.find("wall")}};
        const Value* ui = operation.find("ui");
        if (options_.expanded && ui != nullptr) event.append("collectionUUID", *ui);
        return event;
    }

    Timestamp time() const { return entry_.find("ts")->time(); }

    void add_transaction(Value& event) const {
        const bool of_transaction = entry_.text_of("op") == "c" && entry_.has("lsid");
        if (!of_transaction) return;
        event.append("lsid", *entry_.find("lsid"));
        event.append("txnNumber", *entry_.find("txnNumber"));
    }

    void add(Value event) {
        add_transaction(event);
        events_.push_back(
            {ResumeToken{time(), ResumeToken::Kind::event, number_, ResumeToken::whole},
             std::move(event), false});
    }

    void add_invalidate() {
        const ResumeToken token{time(), ResumeToken::Kind::invalidate, number_, ResumeToken::whole};
        events_.push_back({token,
                           Value{{"_id", token.value()},
                                 {"operationType", "invalidate"},
                                 {"clusterTime", time()},
                                 {"wallTime", *entry_.find("wall")}},
                           true});
    }

    void tell(const Value& operation) {
        const auto op = operation.text_of("op");
        if (op == "c") return tell_command(operation);
        const auto ns = operation.text_of("ns");
        if (op == "n" || !concerns(ns)) return;
        const Value& o = *operation.find("o");
        if (op == "i") {
            Value event = begin("insert", operation);
            event.append("ns", ns_value(ns));
            event.append("documentKey", Value{{"_id", *o.find("_id")}});
            event.append("fullDocument", o);
            add(std::move(event));
        } else if (op == "d") {
            Value event = begin("delete", operation);
            event.append("ns", ns_value(ns));
            event.append("documentKey", Value{{"_id", *o.find("_id")}});
            add(std::move(event));
        } else if (op == "u") {
            tell_update(operation, ns, o);
        }
    }

    void tell_update(const Value& operation, const std::string& ns, const Value& o) {
        const Value key{{"_id", *operation.find("o2")->find("_id")}};
        const bool modifies = o.has("$v") || o.has("$set") || o.has("$unset");
        Value event = begin(modifies ? "update" : "replace", operation);
        event.append("ns", ns_value(ns));
        event.append("documentKey", key);
        if (!modifies) {
            event.append("fullDocument", o);
        } else {
            event.append("updateDescription", update_description(o, options_.expanded));
            if (options_.looks_up) event.append("fullDocument", now_at(ns, key));
            if (options_.null_images) event.append("fullDocument", Value());
        }
        add(std::move(event));
    }

    Value now_at(const std::string& ns, const Value& key) const {
        const Collection* collection = engine_.store().find(ns);
        const Record* record = collection ? collection->find(key_of(*key.find("_id"))) : nullptr;
        return record ? parsed(record->document) : Value();
    }

    void tell_command(const Value& operation) {
        const Value& o = *operation.find("o");
        const auto db = database_of(operation.text_of("ns"));
        const auto& [command, target] = o.fields().front();
        const auto ns = db + "." + target.text();
        if (command == "drop" && concerns(ns)) {
            tell_plain("drop", operation, ns, std::nullopt);
            if (options_.scope == StreamOptions::Scope::collection) add_invalidate();
        } else if (command == "renameCollection") {
            tell_rename(operation, o);
        } else if (command == "dropDatabase") {
            tell_drop_database(operation, db);
        } else if (options_.expanded && concerns(ns)) {
            tell_expanded(operation, o, ns);
        }
    }

    void tell_plain(const char* type, const Value& operation, const std::string& ns,
                    std::optional<Value> description) {
        Value event = begin(type, operation);
        event.append("ns", ns_value(ns));
        if (description) event.append("operationDescription", std::move(*description));
        add(std::move(event));
    }

    void tell_rename(const Value& operation, const Value& o) {
        const auto from = o.text_of("renameCollection"), to = o.text_of("to");
        if (!concerns(from) && !concerns(to)) return;
        Value event = begin("rename", operation);
        event.append("ns", ns_value(from));
        event.append("to", ns_value(to));
        if (options_.expanded) {
            Value description{{"to", ns_value(to)}};
            const Value* dropped = o.find("dropTarget");
            if (dropped && dropped->type() == Type::binary) {
                description.append("dropTarget", *dropped);
            }
            event.append("operationDescription", std::move(description));
        }
        add(std::move(event));
        if (options_.scope == StreamOptions::Scope::collection) add_invalidate();
    }

    void tell_drop_database(const Value& operation, const std::string& db) {
        if (options_.scope == StreamOptions::Scope::collection) return;
        if (options_.scope == StreamOptions::Scope::database && db != options_.db) return;
        Value event = begin("dropDatabase", operation);
        event.append("ns", Value{{"db", db}});
        add(std::move(event));
        if (options_.scope == StreamOptions::Scope::database) add_invalidate();
    }

    void tell_expanded(const Value& operation, const Value& o, const std::string& ns) {
        const auto& command = o.fields().front().name;
        Value rest = Value::document(std::vector<Field>(o.fields().begin() + 1, o.fields().end()));
        if (command == "create") {
            tell_plain("create", operation, ns, std::move(rest));
        } else if (command == "createIndexes") {
            tell_plain("createIndexes", operation, ns,
                       Value{{"indexes", Value::array({std::move(rest)})}});
        } else if (command == "commitIndexBuild") {
            tell_plain("createIndexes", operation, ns, Value{{"indexes", *o.find("indexes")}});
        } else if (command == "dropIndexes") {
            const Value* old = operation.find("o2");
            tell_plain("dropIndexes", operation, ns,
                       Value{{"indexes", Value::array({old ? *old : Value()})}});
        } else if (command == "collMod") {
            Value event = begin("modify", operation);
            event.append("ns", ns_value(ns));
            event.append("operationDescription", std::move(rest));
            const Value* old = operation.find("o2");
            const Value* options = old ? old->find("collectionOptions_old") : nullptr;
            if (options) event.append("stateBeforeChange", Value{{"collectionOptions", *options}});
            add(std::move(event));
        }
    }

    const Value& entry_;
    const Engine& engine_;
    const StreamOptions& options_;
    std::vector<ChangeEvent> events_;
    std::uint32_t number_ = 0;
};

}  // namespace

std::vector<ChangeEvent> events_of(const Value& entry, const Engine& engine,
                                   const StreamOptions& options) {
    return EntryReader(entry, engine, options).read();
}

}  // namespace standin
