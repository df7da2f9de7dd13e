#include "lib/client/mongo_client.hpp"

#include <fmt/format.h>

#include "lib/base/activity.hpp"

namespace dts {

namespace {

struct Library {
    Library() {
        mongoc_init();
        mongoc_log_set_handler(nullptr, nullptr);
    }
    ~Library() { mongoc_cleanup(); }
};

struct DestroyUri {
    void operator()(mongoc_uri_t* u) const noexcept { mongoc_uri_destroy(u); }
};
using Uri = std::unique_ptr<mongoc_uri_t, DestroyUri>;

[[noreturn]] void refuse(std::string_view what) {
    throw Error(ErrorKind::config, fmt::format("the url of MongoDB: {}", what),
                "mongodb://user:password@host:port,host:port/?replicaSet=name");
}

void set_default_ms(mongoc_uri_t* uri, const char* option, std::int32_t ms) {
    if (!mongoc_uri_has_option(uri, option)) mongoc_uri_set_option_as_int32(uri, option, ms);
}

void set_tls(mongoc_uri_t* uri, const MongoEndpoint& endpoint) {
    if (endpoint.ssl_mode != SslMode::disable) {
        mongoc_uri_set_option_as_bool(uri, MONGOC_URI_TLS, true);
        const bool verifies =
            endpoint.ssl_mode == SslMode::verify_ca || endpoint.ssl_mode == SslMode::verify_full;
        mongoc_uri_set_option_as_bool(uri, MONGOC_URI_TLSALLOWINVALIDCERTIFICATES, !verifies);
        mongoc_uri_set_option_as_bool(uri, MONGOC_URI_TLSALLOWINVALIDHOSTNAMES,
                                      endpoint.ssl_mode != SslMode::verify_full);
    }
    if (!endpoint.ssl_ca_path.empty())
        mongoc_uri_set_option_as_utf8(uri, MONGOC_URI_TLSCAFILE, endpoint.ssl_ca_path.c_str());
}

Uri make_uri(const MongoEndpoint& endpoint) {
    bson_error_t error;
    Uri uri(mongoc_uri_new_with_error(endpoint.uri.c_str(), &error));
    // The library's own words may quote the password.
    if (!uri) refuse("the driver does not take it");
    if (!endpoint.username.empty()) mongoc_uri_set_username(uri.get(), endpoint.username.c_str());
    if (!endpoint.password.empty()) mongoc_uri_set_password(uri.get(), endpoint.password.c_str());
    const auto timeout_ms = static_cast<std::int32_t>(endpoint.connect_timeout_secs * 1000);
    set_default_ms(uri.get(), MONGOC_URI_CONNECTTIMEOUTMS, timeout_ms);
    // Not longer than a stop may take; the task tries again by itself.
    set_default_ms(uri.get(), MONGOC_URI_SERVERSELECTIONTIMEOUTMS, std::min(timeout_ms, 5000));
    set_default_ms(uri.get(), MONGOC_URI_SOCKETTIMEOUTMS,
                   static_cast<std::int32_t>(endpoint.answer_timeout_secs * 1000));
    if (!mongoc_uri_has_option(uri.get(), MONGOC_URI_SERVERSELECTIONTRYONCE))
        mongoc_uri_set_option_as_bool(uri.get(), MONGOC_URI_SERVERSELECTIONTRYONCE, false);
    if (!mongoc_uri_has_option(uri.get(), MONGOC_URI_RETRYWRITES))
        mongoc_uri_set_option_as_bool(uri.get(), MONGOC_URI_RETRYWRITES, true);
    if (endpoint.direct)
        mongoc_uri_set_option_as_bool(uri.get(), MONGOC_URI_DIRECTCONNECTION, true);
    set_tls(uri.get(), endpoint);
    return uri;
}

std::string hosts_of(const mongoc_uri_t* uri) {
    std::string hosts;
    for (const auto* host = mongoc_uri_get_hosts(uri); host != nullptr; host = host->next) {
        if (!hosts.empty()) hosts += ',';
        hosts += host->host_and_port;
    }
    return hosts;
}

std::string code_name(const bson_t* reply) {
    bson_iter_t at;
    if (reply != nullptr && bson_iter_init_find(&at, reply, "codeName") &&
        BSON_ITER_HOLDS_UTF8(&at))
        return fmt::format(" ({})", bson_iter_utf8(&at, nullptr));
    return {};
}

bool knows_several_servers(const mongoc_client_t* client) {
    std::size_t count = 0;
    mongoc_server_descriptions_destroy_all(mongoc_client_get_server_descriptions(client, &count),
                                           count);
    return count > 1;
}

std::string shown_name(const std::string& name) {
    constexpr std::size_t longest = 128;  // what the handshake takes
    return name.substr(0, longest);
}

}  // namespace

std::string MongoSession::id() const {
    if (!session_) return {};
    const bson_t* id = mongoc_client_session_get_lsid(session_.get());
    return std::string(bytes_of(id));
}

bool MongoServerFacts::at_least(int major, int minor, int patch) const noexcept {
    const int wanted[3] = {major, minor, patch};
    for (int i = 0; i < 3; ++i) {
        if (version[i] != wanted[i]) return version[i] > wanted[i];
    }
    return true;
}

MongoConnection::MongoConnection(const MongoEndpoint& endpoint) {
    static const Library library;
    const Uri uri = make_uri(endpoint);
    name_ = hosts_of(uri.get());
    bson_error_t error;
    client_.reset(mongoc_client_new_from_uri_with_error(uri.get(), &error));
    if (!client_) refuse(error.message);
    mongoc_client_set_error_api(client_.get(), MONGOC_ERROR_API_VERSION_2);
    if (!endpoint.client_name.empty() && mongoc_uri_get_appname(uri.get()) == nullptr)
        mongoc_client_set_appname(client_.get(), shown_name(endpoint.client_name).c_str());
}

MongoConnection::~MongoConnection() = default;

MongoError MongoConnection::failure(const bson_error_t& error, const bson_t* reply,
                                    std::string_view context) const {
    const bool of_server =
        error.domain == MONGOC_ERROR_SERVER || error.domain == MONGOC_ERROR_WRITE_CONCERN;
    const int code = of_server ? static_cast<int>(error.code) : 0;
    const bool voids =
        reply != nullptr && mongoc_error_has_label(reply, "TransientTransactionError");
    const bool unknown =
        reply != nullptr && mongoc_error_has_label(reply, "UnknownTransactionCommitResult");
    ErrorKind kind = ErrorKind::data;
    if (of_server) {
        kind = mongo_error_kind(code);
    } else if (error.domain == MONGOC_ERROR_STREAM ||
               error.domain == MONGOC_ERROR_SERVER_SELECTION ||
               error.domain == MONGOC_ERROR_PROTOCOL) {
        kind = ErrorKind::transient;
    } else if (error.domain == MONGOC_ERROR_CLIENT &&
               error.code == MONGOC_ERROR_CLIENT_AUTHENTICATE) {
        kind = ErrorKind::permission;
    }
    // Where no server was found, the words of all that are known stand together: one of several
    // that is refused does not stand against the others.
    const bool is_of_several =
        error.domain == MONGOC_ERROR_SERVER_SELECTION && knows_several_servers(client_.get());
    if (is_certificate_refusal(error.message) && !is_of_several) kind = ErrorKind::config;
    const bool retryable = reply != nullptr && mongoc_error_has_label(reply, "RetryableWriteError");
    if ((voids || unknown || retryable) && kind == ErrorKind::data) kind = ErrorKind::transient;
    const std::string number = code != 0 ? fmt::format(" [error {}]", code) : std::string();
    return {kind,
            fmt::format("MongoDB {}: {}: {}{}{}", name_, context, error.message, number,
                        code_name(reply)),
            code,
            voids,
            unknown,
            mongo_error_hint(kind, code, error.message)};
}

MongoReply MongoConnection::command(const std::string& database, std::string_view command,
                                    const Way& way) {
    const While waiting(Doing::outside);
    const bson_t document = borrowed_bson(command);
    bson_t options;
    bson_init(&options);
    const BsonHandle options_end(&options);
    bson_error_t error;
    if (way.session != nullptr && way.session->handle() != nullptr &&
        !mongoc_client_session_append(way.session->handle(), &options, &error))
        throw failure(error, nullptr, "using a session");
    if (way.server_id != 0)
        BSON_APPEND_INT32(&options, "serverId", static_cast<std::int32_t>(way.server_id));
    MongoReply reply;
    if (!mongoc_client_command_with_opts(client_.get(), database.c_str(), &document, nullptr,
                                         &options, reply.start(), &error)) {
        BsonReader reader(command);
        const auto first = reader.next();
        throw failure(error, reply.get(),
                      fmt::format("{} in {}", first ? first->name : "", database));
    }
    check_write_errors(reply.bytes(), database);
    return reply;
}

/// A command whose writes fail is itself a success.
void MongoConnection::check_write_errors(std::string_view reply,
                                         const std::string& database) const {
    const auto errors = find_element(reply, "writeErrors");
    const auto first = errors ? BsonReader(errors->as_document()).next() : std::nullopt;
    if (!first) return;
    const auto code = find_element(first->as_document(), "code");
    const auto words = find_element(first->as_document(), "errmsg");
    const int number = code ? static_cast<int>(code->as_integer()) : 0;
    throw MongoError(mongo_error_kind(number),
                     fmt::format("MongoDB {}: writing to {}: {} [error {}]", name_, database,
                                 words ? words->as_text() : "", number),
                     number, false, false);
}

MongoReply MongoConnection::write(const std::string& database, std::string_view command) {
    const While waiting(Doing::outside);
    const bson_t document = borrowed_bson(command);
    const BsonHandle options(
        BCON_NEW("writeConcern", "{", "w", BCON_UTF8("majority"), "j", BCON_BOOL(true), "}"));
    MongoReply reply;
    bson_error_t error;
    if (!mongoc_client_write_command_with_opts(client_.get(), database.c_str(), &document,
                                               options.get(), reply.start(), &error))
        throw failure(error, reply.get(), fmt::format("writing to {}", database));
    check_write_errors(reply.bytes(), database);
    return reply;
}

MongoSession MongoConnection::start_session() {
    const While waiting(Doing::outside);
    bson_error_t error;
    auto* session = mongoc_client_start_session(client_.get(), nullptr, &error);
    // The driver's own refusal: the server has no sessions. All else may pass.
    if (session == nullptr && error.domain != MONGOC_ERROR_CLIENT)
        throw failure(error, nullptr, "starting a session");
    return MongoSession(session);
}

std::uint32_t MongoConnection::select_server() {
    const While waiting(Doing::outside);
    bson_error_t error;
    auto* server = mongoc_client_select_server(client_.get(), false,
                                               mongoc_client_get_read_prefs(client_.get()), &error);
    if (server == nullptr) throw failure(error, nullptr, "finding a server");
    const std::uint32_t id = mongoc_server_description_id(server);
    mongoc_server_description_destroy(server);
    return id;
}

MongoServerFacts MongoConnection::describe_server() {
    MongoServerFacts server;
    const auto hello = command("admin", BsonWriter().int32("isMaster", 1).take());
    if (const auto name = find_element(hello.bytes(), "setName")) server.set_name = name->as_text();
    if (const auto word = find_element(hello.bytes(), "msg"))
        server.is_mongos = word->as_text() == "isdbgrid";
    server.has_sessions = find_element(hello.bytes(), "logicalSessionTimeoutMinutes").has_value();
    const auto build = command("admin", BsonWriter().int32("buildInfo", 1).take());
    if (const auto text = find_element(build.bytes(), "version"))
        server.version_text = text->as_text();
    if (const auto numbers = find_element(build.bytes(), "versionArray")) {
        BsonReader reader(numbers->as_document());
        for (int& part : server.version) {
            if (const auto number = reader.next()) part = static_cast<int>(number->as_integer());
        }
    }
    return server;
}

void MongoConnection::begin(const MongoSession& session) {
    auto* options = mongoc_transaction_opts_new();
    auto* write_concern = mongoc_write_concern_new();
    mongoc_write_concern_set_wmajority(write_concern, 60'000);
    auto* read_concern = mongoc_read_concern_new();
    mongoc_read_concern_set_level(read_concern, MONGOC_READ_CONCERN_LEVEL_SNAPSHOT);
    auto* primary = mongoc_read_prefs_new(MONGOC_READ_PRIMARY);
    mongoc_transaction_opts_set_write_concern(options, write_concern);
    mongoc_transaction_opts_set_read_concern(options, read_concern);
    mongoc_transaction_opts_set_read_prefs(options, primary);
    bson_error_t error;
    const bool begun = mongoc_client_session_start_transaction(session.handle(), options, &error);
    mongoc_read_prefs_destroy(primary);
    mongoc_read_concern_destroy(read_concern);
    mongoc_write_concern_destroy(write_concern);
    mongoc_transaction_opts_destroy(options);
    if (!begun) throw failure(error, nullptr, "beginning a transaction");
}

void MongoConnection::commit(const MongoSession& session) {
    const While waiting(Doing::outside);
    MongoReply reply;
    bson_error_t error;
    if (!mongoc_client_session_commit_transaction(session.handle(), reply.start(), &error))
        throw failure(error, reply.get(), "committing");
}

void MongoConnection::abort(const MongoSession& session) noexcept {
    const While waiting(Doing::outside);
    if (session.handle() == nullptr || !mongoc_client_session_in_transaction(session.handle()))
        return;
    bson_error_t error;
    mongoc_client_session_abort_transaction(session.handle(), &error);
}

}  // namespace dts
