// Collections and indexes: create, drop, dropDatabase, renameCollection, collMod, createIndexes,
// dropIndexes, and the lists of them; see the manual's pages of these commands.
#include <algorithm>
#include <array>
#include <set>

#include "test/servers/mongo/failure.hpp"
#include "test/servers/mongo/match.hpp"
#include "test/servers/mongo/server.hpp"
#include "test/servers/mongo/writer.hpp"

namespace standin {

namespace {

const Collection& collection_at(Server& server, const std::string& ns) {
    const Collection* found = server.engine().store().find(ns);
    if (found == nullptr) throw failure(code::namespace_not_found, "ns not found " + ns);
    return *found;
}

Value command_entry(const std::string& db, Value o) {
    return Value{{"op", "c"}, {"ns", db + ".$cmd"}, {"o", std::move(o)}};
}

Value command_entry(const std::string& db, const Value& uuid, Value o) {
    return Value{{"op", "c"}, {"ns", db + ".$cmd"}, {"ui", uuid}, {"o", std::move(o)}};
}

/// What a collection keeps of the command that makes it.
Value options_of(const Value& body) {
    static constexpr std::array kept = {"capped",
                                        "size",
                                        "max",
                                        "timeseries",
                                        "viewOn",
                                        "pipeline",
                                        "validator",
                                        "validationLevel",
                                        "collation",
                                        "expireAfterSeconds",
                                        "clusteredIndex",
                                        "changeStreamPreAndPostImages"};
    Value options = Value::document(std::vector<Field>());
    for (const auto& field : body.fields()) {
        if (std::find(kept.begin(), kept.end(), field.name) != kept.end()) {
            options.append(field.name, field.value);
        }
    }
    return options;
}

Value run_create(Server& server, const Request& request) {
    const auto ns = request.ns();
    check_namespace(ns);
    if (server.engine().store().find(ns) != nullptr) {
        throw failure(code::namespace_exists, "Collection " + ns + " already exists.");
    }
    Change change;
    add_creation(change, ns, server.engine().new_uuid(), options_of(request.body));
    server.engine().commit(std::move(change));
    return done();
}

void add_drop(Change& change, const Collection& collection) {
    Value entry = command_entry(database_of(collection.name), collection.uuid,
                                Value{{"drop", collection_of(collection.name)}});
    entry.append("o2", Value{{"numRecords", static_cast<std::int32_t>(collection.size())}});
    change.entries.push_back(std::move(entry));
    change.mutations.push_back(Value{{"k", "drop"}, {"ns", collection.name}});
}

Value run_drop(Server& server, const Request& request) {
    const Collection& collection = collection_at(server, request.ns());
    Change change;
    add_drop(change, collection);
    server.engine().commit(std::move(change));
    return Value{{"nIndexesWas", std::int32_t{1}}, {"ns", request.ns()}, {"ok", 1.0}};
}

Value run_drop_database(Server& server, const Request& request) {
    const auto collections = server.engine().store().of_database(request.db());
    Change change;
    for (const auto* collection : collections) add_drop(change, *collection);
    if (!collections.empty()) {
        change.entries.push_back(
            command_entry(request.db(), Value{{"dropDatabase", std::int32_t{1}}}));
        server.engine().commit(std::move(change));
    }
    return Value{{"dropped", request.db()}, {"ok", 1.0}};
}

Value run_rename(Server& server, const Request& request) {
    const auto from = request.body.text_of("renameCollection"), to = request.body.text_of("to");
    check_namespace(to);
    const Collection& collection = collection_at(server, from);
    const Collection* target = server.engine().store().find(to);
    if (target != nullptr && !request.body.truthy_of("dropTarget")) {
        throw failure(code::namespace_exists, "target namespace exists");
    }
    Value o{{"renameCollection", from}, {"to", to}, {"stayTemp", false}};
    if (target != nullptr) o.append("dropTarget", target->uuid);
    Value entry = command_entry(database_of(from), collection.uuid, std::move(o));
    if (target != nullptr) {
        entry.append("o2", Value{{"numRecords", static_cast<std::int32_t>(target->size())}});
    }
    Change change;
    change.entries.push_back(std::move(entry));
    change.mutations.push_back(Value{{"k", "rename"}, {"ns", from}, {"to", to}});
    server.engine().commit(std::move(change));
    return done();
}

Value run_collmod(Server& server, const Request& request) {
    const Collection& collection = collection_at(server, request.ns());
    Value o = Value::document(std::vector<Field>());
    for (const auto& field : request.body.fields()) {
        if (field.name.starts_with('$') || field.name == "lsid" || field.name == "txnNumber" ||
            field.name == "writeConcern")
            continue;
        o.append(field.name, field.value);
    }
    Value changes = o;
    changes.remove("collMod");
    Value entry = command_entry(request.db(), collection.uuid, std::move(o));
    entry.append("o2", Value{{"collectionOptions_old", collection.options}});
    Change change;
    change.mutations.push_back(
        Value{{"k", "modify"}, {"ns", collection.name}, {"o", std::move(changes)}});
    change.entries.push_back(std::move(entry));
    server.engine().commit(std::move(change));
    return done();
}

std::string index_name(const Value& spec) {
    if (spec.has("name")) return spec.text_of("name");
    std::string name;
    for (const auto& field : spec.find("key")->fields()) {
        const auto direction =
            field.value.is_text() ? field.value.text() : std::to_string(field.value.integer());
        name += (name.empty() ? "" : "_") + field.name + "_" + direction;
    }
    return name;
}

void check_no_duplicates(const Collection& collection, const Value& spec) {
    const Index index{spec, true, {}};
    std::set<std::string> entries;
    for (const auto& [key, record] : collection.records()) {
        const auto entry = Collection::entry_of(index, parsed(record.document));
        if (!entry.empty() && !entries.insert(entry).second) {
            throw failure(code::duplicate_key,
                          "E11000 duplicate key error collection: " + collection.name +
                              " index: " + spec.text_of("name") + " dup key");
        }
    }
}

Value run_create_indexes(Server& server, const Request& request) {
    const auto ns = request.ns();
    const bool creates = server.engine().store().find(ns) == nullptr;
    if (creates) {
        check_namespace(ns);
        Change change;
        add_creation(change, ns, server.engine().new_uuid(), Value::document(std::vector<Field>()));
        server.engine().commit(std::move(change));
    }
    const Collection& collection = collection_at(server, ns);
    const auto before = static_cast<std::int32_t>(collection.indexes().size() + 1);
    for (const auto& wanted : request.documents("indexes")) {
        Value spec{
            {"v", std::int32_t{2}}, {"key", *wanted.find("key")}, {"name", index_name(wanted)}};
        for (const auto& field : wanted.fields()) {
            if (!spec.has(field.name)) spec.append(field.name, field.value);
        }
        const auto& there = collection.indexes();
        const bool known = std::any_of(there.begin(), there.end(), [&](const Index& one) {
            return one.spec.text_of("name") == spec.text_of("name");
        });
        if (known || spec.text_of("name") == "_id_") continue;
        if (spec.truthy_of("unique")) check_no_duplicates(collection, spec);
        Value o{{"createIndexes", collection_of(ns)}};
        for (const auto& field : spec.fields()) o.append(field.name, field.value);
        Change change;
        change.entries.push_back(command_entry(request.db(), collection.uuid, std::move(o)));
        change.mutations.push_back(Value{{"k", "index"}, {"ns", ns}, {"spec", spec}});
        server.engine().commit(std::move(change));
    }
    return Value{{"numIndexesBefore", before},
                 {"numIndexesAfter", static_cast<std::int32_t>(collection.indexes().size() + 1)},
                 {"createdCollectionAutomatically", creates},
                 {"ok", 1.0}};
}

Value run_drop_indexes(Server& server, const Request& request) {
    const Collection& collection = collection_at(server, request.ns());
    const Value* wanted = request.body.find("index");
    const auto name = wanted ? wanted->text() : std::string();
    const auto indexes = collection.indexes();
    bool found = name == "*";
    for (const auto& index : indexes) {
        const auto own = index.spec.text_of("name");
        if (name != "*" && own != name) continue;
        found = true;
        Value entry =
            command_entry(request.db(), collection.uuid,
                          Value{{"dropIndexes", collection_of(collection.name)}, {"index", own}});
        entry.append("o2", index.spec);
        Change change;
        change.entries.push_back(std::move(entry));
        change.mutations.push_back(
            Value{{"k", "dropIndex"}, {"ns", collection.name}, {"name", own}});
        server.engine().commit(std::move(change));
    }
    if (!found) throw failure(code::index_not_found, "index not found with name [" + name + "]");
    return Value{{"nIndexesWas", static_cast<std::int32_t>(indexes.size() + 1)}, {"ok", 1.0}};
}

Value id_index() {
    return Value{
        {"v", std::int32_t{2}}, {"key", Value{{"_id", std::int32_t{1}}}}, {"name", "_id_"}};
}

Value all_at_once(const std::string& ns, std::vector<Value> found) {
    Batch batch;
    batch.documents = std::move(found);
    return cursor_reply("firstBatch", std::move(batch), ns, 0, std::nullopt);
}

Value list_collections(Server& server, const Request& request) {
    const Value* filter = request.body.find("filter");
    std::vector<Value> found;
    for (const auto* collection : server.engine().store().of_database(request.db())) {
        Value one{{"name", collection_of(collection->name)},
                  {"type", collection->type},
                  {"options", collection->options},
                  {"info", Value{{"readOnly", false}, {"uuid", collection->uuid}}},
                  {"idIndex", id_index()}};
        if (filter == nullptr || matches(*filter, one)) found.push_back(std::move(one));
    }
    if (request.db() == "local") {
        found.push_back(Value{
            {"name", "oplog.rs"}, {"type", "collection"}, {"options", Value{{"capped", true}}}});
    }
    return all_at_once(request.db() + ".$cmd.listCollections", std::move(found));
}

Value list_indexes(Server& server, const Request& request) {
    const Collection& collection = collection_at(server, request.ns());
    std::vector<Value> found{id_index()};
    for (const auto& index : collection.indexes()) found.push_back(index.spec);
    return all_at_once(request.ns(), std::move(found));
}

Value list_databases(Server& server, const Request& request) {
    std::set<std::string> names{"local"};
    for (const auto& [ns, collection] : server.engine().store().collections()) {
        names.insert(database_of(ns));
    }
    const Value* filter = request.body.find("filter");
    Value databases = Value::array({});
    for (const auto& name : names) {
        Value one{{"name", name}, {"sizeOnDisk", std::int64_t{4096}}, {"empty", false}};
        if (filter == nullptr || matches(*filter, one)) databases.push(std::move(one));
    }
    return Value{{"databases", databases}, {"totalSize", std::int64_t{4096}}, {"ok", 1.0}};
}

/// Waits while a transaction is open that has written to what is to change.
Handler when_free(Value (*run)(Server&, const Request&)) {
    return [run](Server& server, std::shared_ptr<const Request> request) -> Task {
        return {[&server, run, request](bool last) -> std::optional<Value> {
                    if (server.engine().sessions().open_writers() && !last) return std::nullopt;
                    return run(server, *request);
                },
                30'000};
    };
}

}  // namespace

void add_definition_commands(Commands& commands) {
    commands["create"] = at_once(run_create);
    commands["drop"] = when_free(run_drop);
    commands["dropDatabase"] = when_free(run_drop_database);
    commands["renameCollection"] = when_free(run_rename);
    commands["collMod"] = when_free(run_collmod);
    commands["createIndexes"] = when_free(run_create_indexes);
    commands["dropIndexes"] = when_free(run_drop_indexes);
    commands["deleteIndexes"] = when_free(run_drop_indexes);
    commands["listCollections"] = at_once(list_collections);
    commands["listIndexes"] = at_once(list_indexes);
    commands["listDatabases"] = at_once(list_databases);
}

}  // namespace standin
