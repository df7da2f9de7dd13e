// What a driver asks of a server, and the stand-in's own switches ("standin", see README.md).
#include "test/servers/mongo/failure.hpp"
#include "test/servers/mongo/server.hpp"

namespace standin {

namespace {

/// Of a server that knows transactions, change streams and $v:2 diffs.
constexpr std::int32_t max_wire_version = 13;

Value version_array(Server& server) {
    Value numbers = Value::array({});
    for (const int number : server.engine().settings().version) numbers.push(std::int32_t{number});
    numbers.push(std::int32_t{0});
    return numbers;
}

std::string version_text(Server& server) {
    std::string text;
    for (const int number : server.engine().settings().version)
        text += (text.empty() ? "" : ".") + std::to_string(number);
    return text;
}

Value optime(Server& server) {
    return Value{{"ts", server.engine().now()}, {"t", server.engine().term()}};
}

Value status(Server& server, const Request&) {
    Value self{{"_id", std::int32_t{0}},
               {"name", server.address()},
               {"health", 1.0},
               {"state", std::int32_t{server.is_primary() ? 1 : 2}},
               {"stateStr", server.is_primary() ? "PRIMARY" : "SECONDARY"},
               {"optime", optime(server)},
               {"self", true}};
    return Value{{"set", server.set_name()},
                 {"date", Value::date(wall_milliseconds())},
                 {"myState", std::int32_t{server.is_primary() ? 1 : 2}},
                 {"term", server.engine().term()},
                 {"optimes", Value{{"lastCommittedOpTime", optime(server)},
                                   {"appliedOpTime", optime(server)}}},
                 {"members", Value::array({self})},
                 {"ok", 1.0}};
}

Value config(Server& server, const Request&) {
    const Value member{{"_id", std::int32_t{0}}, {"host", server.address()}};
    return Value{
        {"config", Value{{"_id", server.set_name()},
                         {"version", std::int32_t{1}},
                         {"term", server.engine().term()},
                         {"members", Value::array({member})},
                         {"settings", Value{{"replicaSetId", server.engine().replica_set_id()}}}}},
        {"ok", 1.0}};
}

Value build_info(Server& server, const Request&) {
    return Value{{"version", version_text(server)},
                 {"versionArray", version_array(server)},
                 {"modules", Value::array({})},
                 {"gitVersion", "stand-in"},
                 {"maxBsonObjectSize", std::int32_t{16 << 20}},
                 {"ok", 1.0}};
}

Value server_status(Server& server, const Request&) {
    return Value{{"host", server.address()},
                 {"version", version_text(server)},
                 {"process", "mongo-standin"},
                 {"repl", hello(server)},
                 {"ok", 1.0}};
}

Value get_parameter(Server&, const Request& request) {
    Value reply = Value::document(std::vector<Field>());
    if (request.body.has("featureCompatibilityVersion")) {
        reply.append("featureCompatibilityVersion", Value{{"version", "5.0"}});
    }
    if (request.body.has("enableTestCommands")) reply.append("enableTestCommands", true);
    reply.append("ok", 1.0);
    return reply;
}

Value refuse_login(Server&, const Request&) {
    throw failure(code::authentication_failed, "Authentication failed.");
}

Value step_down(Server& server, const Request& request) {
    server.step_down(1000 * request.body.integer_of("replSetStepDown", 60));
    return done();
}

Value fail_point(Server& server, const Request& request) {
    server.faults().configure(request.body);
    return done();
}

Value log_message(Server& server, const Request& request) {
    const Value* data = request.body.find("data");
    server.engine().commit(
        {{Value{{"op", "n"}, {"ns", ""}, {"o", data ? *data : Value{{"msg", "noop"}}}}},
         {},
         false});
    return done();
}

void set_size(const Value& body, std::string_view name, std::size_t& setting) {
    if (body.has(name)) setting = static_cast<std::size_t>(body.integer_of(name));
}

void set_flag(const Value& body, std::string_view name, bool& setting) {
    if (body.has(name)) setting = body.truthy_of(name);
}

Value configure(Server& server, const Request& request) {
    const Value& body = request.body;
    Settings& settings = server.engine().settings();
    if (body.has("oplogVersion")) {
        settings.oplog_version = static_cast<int>(body.integer_of("oplogVersion"));
    }
    if (const Value* version = body.find("version")) {
        settings.version.clear();
        for (const auto& number : version->elements())
            settings.version.push_back(static_cast<int>(number.integer()));
    }
    set_size(body, "transactionEntryOperations", settings.transaction_entry_operations);
    set_size(body, "maxEventBytes", settings.max_event_bytes);
    set_size(body, "maxOplogEntries", settings.max_oplog_entries);
    set_flag(body, "prepareTransactions", settings.prepare_transactions);
    set_flag(body, "fromMigrate", settings.from_migrate);
    set_flag(body, "batchedDeletes", settings.batched_deletes);
    settings.noop_milliseconds = body.integer_of("noopMS", settings.noop_milliseconds);
    settings.transaction_lifetime_milliseconds =
        body.integer_of("transactionLifetimeMS", settings.transaction_lifetime_milliseconds);
    if (body.has("cutOplog")) {
        server.engine().cut_oplog(static_cast<std::size_t>(body.integer_of("cutOplog")));
        server.engine().note_change();
    }
    if (const Value* id = body.find("replicaSetId")) server.engine().set_replica_set_id(*id);
    if (body.has("stepDownMS")) server.step_down(body.integer_of("stepDownMS"));
    if (body.truthy_of("killAllCursors")) {
        server.cursors().clear();
        server.engine().note_change();
    }
    return done();
}

}  // namespace

Value hello(Server& server) {
    const bool primary = server.is_primary();
    Value reply{{"helloOk", true},
                {"isWritablePrimary", primary},
                {"ismaster", primary},
                {"secondary", !primary},
                {"setName", server.set_name()},
                {"setVersion", std::int32_t{1}},
                {"hosts", Value::array({server.address()})},
                {"me", server.address()}};
    if (primary) {
        // Grows with the term: drivers leave a primary of an older election alone.
        std::string election(12, '\0');
        for (int byte = 0; byte < 8; ++byte) {
            election[static_cast<std::size_t>(11 - byte)] =
                static_cast<char>(server.engine().term() >> (8 * byte));
        }
        reply.append("primary", server.address());
        reply.append("electionId", Value::object_id(election));
    }
    const std::vector<Field> rest = {
        {"lastWrite",
         Value{{"opTime", optime(server)}, {"lastWriteDate", Value::date(wall_milliseconds())}}},
        {"maxBsonObjectSize", std::int32_t{16 << 20}},
        {"maxMessageSizeBytes", std::int32_t{48'000'000}},
        {"maxWriteBatchSize", std::int32_t{100'000}},
        {"localTime", Value::date(wall_milliseconds())},
        {"logicalSessionTimeoutMinutes", std::int32_t{30}},
        {"connectionId", std::int32_t{1}},
        {"minWireVersion", std::int32_t{0}},
        {"maxWireVersion", max_wire_version},
        {"readOnly", false},
        {"ok", 1.0}};
    for (const auto& field : rest) reply.append(field.name, field.value);
    return reply;
}

void add_admin_commands(Commands& commands) {
    const Handler greet = at_once([](Server& server, const Request&) { return hello(server); });
    commands["hello"] = commands["isMaster"] = commands["ismaster"] = greet;
    commands["ping"] = at_once([](Server&, const Request&) { return done(); });
    commands["buildInfo"] = commands["buildinfo"] = at_once(build_info);
    commands["serverStatus"] = at_once(server_status);
    commands["replSetGetStatus"] = at_once(status);
    commands["replSetGetConfig"] = at_once(config);
    commands["getParameter"] = at_once(get_parameter);
    commands["saslStart"] = commands["saslContinue"] = commands["authenticate"] =
        at_once(refuse_login);
    commands["replSetStepDown"] = at_once(step_down);
    commands["configureFailPoint"] = at_once(fail_point);
    commands["appendOplogNote"] = at_once(log_message);
    commands["standin"] = at_once(configure);
}

}  // namespace standin
