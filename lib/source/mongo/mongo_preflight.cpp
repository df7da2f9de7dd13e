#include "lib/source/mongo/mongo_preflight.hpp"

#include <fmt/format.h>

#include "lib/client/mongo_cursor.hpp"
#include "lib/source/findings.hpp"
#include "lib/source/mongo/change_stream_reader.hpp"

namespace dts {

namespace {

BsonWriter find_first(std::string_view collection) {
    BsonWriter command;
    command.text("find", collection).document("filter", empty_document);
    command.int32("limit", 1).boolean("singleBatch", true);
    return command;
}

std::optional<std::string> first_of(MongoConnection& connection, const std::string& database,
                                    std::string_view collection) {
    MongoCursor cursor(connection, database, find_first(collection).take(), {});
    const auto batch = cursor.next();
    const auto document = batch ? BsonReader(*batch).next() : std::nullopt;
    return document ? std::optional(std::string(document->as_document())) : std::nullopt;
}

void check_oplog(MongoConnection& connection, Findings& findings) {
    try {
        if (!first_of(connection, "local", "oplog.rs"))
            findings.add(ErrorKind::config, "its oplog is empty", "initiate the replica set");
    } catch (const MongoError& error) {
        if (error.kind() != ErrorKind::permission) throw;
        findings.add(ErrorKind::permission, "the account may not read the oplog: " + error.text(),
                     "db.grantRolesToUser(\"USER\", [{role: \"read\", db: \"local\"}]) on the "
                     "source's admin database, or set [extractor] source=change_stream");
    }
}

void check_change_stream(MongoConnection& connection, const MongoServerFacts& server,
                         const MongoScope& scope, Findings& findings) {
    try {
        DocumentBatch nowhere([](std::string_view, std::string_view) { return false; }, {});
        ChangeStreamReader(connection, server, scope, nowhere, 1).current_end();
    } catch (const MongoError& error) {
        if (error.kind() != ErrorKind::permission) throw;
        findings.add(
            ErrorKind::permission, "the account may not open a change stream: " + error.text(),
            scope.database.empty()
                ? "db.grantRolesToUser(\"USER\", [\"readAnyDatabase\"]) on the source's admin "
                  "database"
                : fmt::format("db.grantRolesToUser(\"USER\", [{{role: \"read\", db: \"{}\"}}]) on "
                              "the source",
                              scope.database));
    }
}

/// A drop and a rename end a stream, and always were told.
void check_expanded_events(const MongoServerFacts& server, const CollectionCommandKinds& commands,
                           Findings& findings) {
    using Kind = CollectionCommand::Kind;
    if (server.at_least(6, 0)) return;
    for (const Kind kind : {Kind::create, Kind::create_indexes, Kind::drop_indexes, Kind::modify}) {
        if (!commands.has(kind)) continue;
        findings.add(ErrorKind::config,
                     fmt::format("it is version {}, whose change streams do not tell of {}",
                                 server.version_text, CollectionCommand{kind, {}, {}}.name()),
                     "6.0 or later is needed for that, or [extractor] source=op_log, or a shorter "
                     "[filter] do_ddls");
        return;
    }
}

std::string hex_of(const BsonElement& id) {
    std::string text;
    for (const char c : id.value) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return text;
}

/// settings.replicaSetId of a set's configuration.
std::optional<std::string> set_id(std::string_view config) {
    const auto settings = find_element(config, "settings");
    if (!settings || !settings->is_document()) return std::nullopt;
    const auto id = find_element(settings->as_document(), "replicaSetId");
    return id && id->type == BsonType::object_id ? std::optional(hex_of(*id)) : std::nullopt;
}

std::optional<std::string> replica_set_id(MongoConnection& connection) {
    try {
        if (const auto config = first_of(connection, "local", "system.replset"))
            if (auto id = set_id(*config)) return id;
    } catch (const MongoError& error) {
        if (error.kind() == ErrorKind::transient) throw;
    }
    try {
        const auto reply =
            connection.command("admin", BsonWriter().int32("replSetGetConfig", 1).take());
        if (const auto config = find_element(reply.bytes(), "config"))
            return set_id(config->as_document());
    } catch (const MongoError& error) {
        if (error.kind() == ErrorKind::transient) throw;
    }
    return std::nullopt;
}

std::vector<std::string> database_names(MongoConnection& connection, const MongoScope& scope) {
    if (!scope.database.empty()) return {scope.database};
    std::vector<std::string> names;
    const auto reply = connection.command(
        "admin", BsonWriter().int32("listDatabases", 1).boolean("nameOnly", true).take());
    const auto databases = find_element(reply.bytes(), "databases");
    if (!databases) return names;
    BsonReader reader(databases->as_document());
    while (const auto database = reader.next()) {
        if (const auto name = find_element(database->as_document(), "name"))
            names.emplace_back(name->as_text());
    }
    return names;
}

void note_collection(std::vector<std::string>& notes, const std::string& database,
                     std::string_view description, const TableSelector& selector) {
    const auto name = find_element(description, "name");
    const auto type = find_element(description, "type");
    const auto options = find_element(description, "options");
    if (!name || !selector(database, name->as_text())) return;
    const auto named = fmt::format("\"{}\".\"{}\"", database, name->as_text());
    if (type && type->as_text() == "timeseries") {
        notes.push_back(named +
                        " is a time-series collection, which can not be followed: its "
                        "changes are not synced");
        return;
    }
    const auto capped = options && options->is_document()
                            ? find_element(options->as_document(), "capped")
                            : std::nullopt;
    if (capped && capped->is_true())
        notes.push_back(named +
                        " is a capped collection: what falls out of it at the source stays "
                        "in the target");
}

}  // namespace

void check_mongo_source(MongoConnection& connection, const MongoServerFacts& server,
                        const MongoNeeds& needs) {
    const auto stream = needs.stream;
    Findings findings;
    const bool is_set = !server.set_name.empty();
    if (!is_set && !server.is_mongos) {
        findings.add(ErrorKind::config, "it is not a member of a replica set",
                     "start mongod with --replSet and call rs.initiate(): one member is enough");
    } else if (stream == MongoStream::op_log && !is_set) {
        findings.add(ErrorKind::config, "it is a mongos, which has no oplog",
                     "set [extractor] source=change_stream");
    } else if (!server.at_least(4, 2)) {
        findings.add(ErrorKind::config,
                     fmt::format("it is version {}, too old", server.version_text),
                     "MongoDB 4.2 or later is needed");
    } else if (stream == MongoStream::op_log) {
        check_oplog(connection, findings);
    } else {
        check_expanded_events(server, needs.commands, findings);
        check_change_stream(connection, server, needs.scope, findings);
    }
    findings.throw_if_any();
}

std::string mongo_identity(MongoConnection& connection, const MongoServerFacts& server) {
    if (server.is_mongos) {
        const auto version = first_of(connection, "config", "version");
        const auto id = version ? find_element(*version, "clusterId") : std::nullopt;
        return fmt::format("sharded cluster, id {}", id ? hex_of(*id) : "unknown");
    }
    return fmt::format("replica set {}, id {}", server.set_name,
                       replica_set_id(connection).value_or("unknown"));
}

std::vector<std::string> collection_notes(MongoConnection& connection, const MongoScope& scope,
                                          const TableSelector& selector) {
    std::vector<std::string> notes;
    try {
        for (const std::string& database : database_names(connection, scope)) {
            MongoCursor cursor(
                connection, database,
                BsonWriter().int32("listCollections", 1).document("filter", empty_document).take(),
                {});
            while (const auto batch = cursor.next()) {
                BsonReader reader(*batch);
                while (const auto collection = reader.next())
                    note_collection(notes, database, collection->as_document(), selector);
            }
        }
    } catch (const MongoError& error) {
        if (error.kind() == ErrorKind::transient) throw;
    }
    return notes;
}

}  // namespace dts
