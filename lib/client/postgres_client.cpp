#include "lib/client/postgres_client.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>

#include "lib/base/activity.hpp"
#include "lib/client/postgres_connect.hpp"

namespace dts {

namespace {

std::string trimmed(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
    std::string line(text);
    for (char& c : line)
        if (c == '\n' || c == '\t') c = ' ';
    return line;
}

const char* hint_for(ErrorKind refusal) {
    switch (refusal) {
        case ErrorKind::permission:
            return "check username, password and database of the url, and pg_hba.conf";
        case ErrorKind::config:
            return "check the url's options, ssl_mode and ssl_ca_path";
        default:
            return "is the server running, and the url right?";
    }
}

}  // namespace

PostgresRefusal judge_postgres_refusal(std::string_view message) {
    std::string words;
    std::string_view sqlstate;
    while (!message.empty()) {
        const auto line = message.substr(0, message.find('\n'));
        message.remove_prefix(std::min(line.size() + 1, message.size()));
        if (line.starts_with("LOCATION:")) continue;
        if (!words.empty()) words += ' ';
        const auto state = line.find(":  ");
        const bool has_state = state != std::string_view::npos && line.size() > state + 9 &&
                               line.substr(state + 8, 2) == ": ";
        if (has_state) {
            sqlstate = line.substr(state + 3, 5);
            words.append(line.substr(0, state + 2)).append(line.substr(state + 10));
        } else {
            words += line;
        }
    }
    const auto says = [&](const char* text) { return words.find(text) != std::string::npos; };
    ErrorKind kind = ErrorKind::transient;
    if (!sqlstate.empty()) {
        kind = sqlstate == "3D000" ? ErrorKind::permission : postgres_error_kind(sqlstate);
        // A database in maintenance, a server's or a pooler's own fault: these pass.
        const bool passes = sqlstate.starts_with("55") || sqlstate.starts_with("XX");
        if (passes) kind = ErrorKind::transient;
        if (kind == ErrorKind::data) kind = ErrorKind::config;
    } else if (says("no password supplied")) {
        kind = ErrorKind::permission;
    } else if (says("root certificate") || says("certificate verify failed") ||
               says("server certificate for") || says("server does not support SSL")) {
        kind = ErrorKind::config;
    }
    return {kind, trimmed(words)};
}

std::string PostgresEndpoint::display_name() const {
    return fmt::format("{}:{}/{}", host, port, database);
}

std::uint64_t PostgresResult::affected_rows() const noexcept {
    const std::string_view text = PQcmdTuples(get());
    std::uint64_t rows = 0;
    std::from_chars(text.data(), text.data() + text.size(), rows);
    return rows;
}

std::string_view PostgresResult::sqlstate() const noexcept {
    const char* state = PQresultErrorField(get(), PG_DIAG_SQLSTATE);
    return state == nullptr ? std::string_view() : std::string_view(state);
}

PostgresConnection::PostgresConnection(const PostgresEndpoint& endpoint, Kind kind)
    : name_(endpoint.display_name()) {
    const While asking(Doing::outside);
    const auto addresses = postgres_addresses(endpoint.host, endpoint.port);
    PostgresRefusal refusal{ErrorKind::transient, ""};
    for (const auto& address : addresses) {
        handle_.reset(begin_postgres_connection(endpoint, address, kind == Kind::replication));
        if (!handle_) throw Error(ErrorKind::bug, "no memory for a Postgres connection");
        const auto refused = connect_postgres(handle_.get(), endpoint, address);
        if (!refused) {
            postgres_address_answered(endpoint.host, endpoint.port, address);
            PQsetNoticeProcessor(
                handle_.get(), [](void*, const char*) {}, nullptr);
            return;
        }
        if (refusal.kind == ErrorKind::transient) refusal.kind = refused->kind;
        refusal.words += (refusal.words.empty() ? "" : "; ") + refused->words;
        // Another address of one server says the same. Another server may not: one that is being
        // set up anew has no such database.
        if (refused->kind != ErrorKind::transient && !names_several_hosts(endpoint.host)) break;
    }
    throw Error(refusal.kind,
                fmt::format("postgres {}: cannot connect as user '{}': {}", name_,
                            endpoint.username, refusal.words),
                hint_for(refusal.kind));
}

PostgresResult PostgresConnection::try_query(const std::string& sql) {
    const While asking(Doing::outside);
    return PostgresResult(PQexec(handle_.get(), sql.c_str()));
}

PostgresResult PostgresConnection::query(const std::string& sql) {
    return checked(try_query(sql), sql);
}

PostgresResult PostgresConnection::checked(PostgresResult result, const std::string& sql) const {
    switch (result.status()) {
        case PGRES_COMMAND_OK:
        case PGRES_TUPLES_OK:
        case PGRES_EMPTY_QUERY:
            return result;
        default:
            throw error(result.get(), fmt::format("in {}", sql.substr(0, 200)));
    }
}

PostgresResult PostgresConnection::query_prepared(const std::string& sql,
                                                  std::initializer_list<std::string> parameters) {
    const std::string& name = prepare(sql);
    std::vector<const char*> values;
    for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
    const While asking(Doing::outside);
    return checked(
        PostgresResult(PQexecPrepared(handle_.get(), name.c_str(), static_cast<int>(values.size()),
                                      values.data(), nullptr, nullptr, 0)),
        sql);
}

const std::string& PostgresConnection::prepare(const std::string& sql) {
    if (const auto found = prepared_.find(sql); found != prepared_.end()) return found->second;
    const std::string name = fmt::format("dts_{}", prepared_.size());
    {
        const While asking(Doing::outside);
        checked(PostgresResult(PQprepare(handle_.get(), name.c_str(), sql.c_str(), 0, nullptr)),
                sql);
    }
    return prepared_.emplace(sql, name).first->second;
}

std::optional<std::string> PostgresConnection::scalar(const std::string& sql) {
    const auto result = query(sql);
    if (result.size() == 0 || result.is_null(0, 0)) return std::nullopt;
    return result.text(0, 0);
}

bool PostgresConnection::in_transaction() const noexcept {
    return PQtransactionStatus(handle_.get()) != PQTRANS_IDLE;
}

Error PostgresConnection::error(const PGresult* result, std::string_view context) const {
    const auto field = [&](int code) -> std::string_view {
        const char* text = result ? PQresultErrorField(result, code) : nullptr;
        return text ? std::string_view(text) : std::string_view();
    };
    const std::string_view state = field(PG_DIAG_SQLSTATE);
    std::string words(field(PG_DIAG_MESSAGE_PRIMARY));
    if (words.empty()) words = trimmed(PQerrorMessage(handle_.get()));
    if (words.empty()) words = "the connection is lost";
    if (const auto detail = field(PG_DIAG_MESSAGE_DETAIL); !detail.empty())
        words += fmt::format(" ({})", trimmed(detail));
    if (const auto where = field(PG_DIAG_CONTEXT); where.starts_with("COPY"))
        words += fmt::format(" ({})", trimmed(where.substr(0, 300)));
    const ErrorKind kind = state.empty() ? ErrorKind::transient : postgres_error_kind(state);
    return {kind,
            fmt::format("postgres {}: {}: {}{}", name_, context,
                        state.empty() ? "" : fmt::format("error {}: ", state), words),
            std::string(field(PG_DIAG_MESSAGE_HINT))};
}

std::string PostgresConnection::parameter(const char* name) const {
    const char* value = PQparameterStatus(handle_.get(), name);
    return value ? value : "";
}

void PostgresConnection::interrupt() noexcept {
    ::shutdown(PQsocket(handle_.get()), SHUT_RDWR);
}

ErrorKind postgres_error_kind(std::string_view sqlstate) noexcept {
    constexpr std::string_view transient_classes[] = {
        "08",  // connection exception
        "40",  // transaction rollback: deadlock, serialization
        "53",  // insufficient resources: disk full, memory, connections
        "57",  // operator intervention: shutdown, cancelled, starting up
        "58",  // system error outside the server: I/O
    };
    constexpr std::string_view transient_states[] = {
        "25006",  // read only transaction: a standby, or a server set so for a while
        "25P03",  // idle in transaction timeout
        "55006",  // object in use: the slot of a worker that has just died
        "55P03",  // lock not available
    };
    constexpr std::string_view permission_states[] = {
        "28000",
        "28P01",
        "42501",
        "0LP01",
    };
    for (const auto state : permission_states)
        if (sqlstate == state) return ErrorKind::permission;
    for (const auto state : transient_states)
        if (sqlstate == state) return ErrorKind::transient;
    for (const auto state_class : transient_classes)
        if (sqlstate.starts_with(state_class)) return ErrorKind::transient;
    return ErrorKind::data;
}

namespace postgres {

std::string quote_identifier(std::string_view name) {
    std::string result = "\"";
    for (const char c : name) {
        if (c == '"') result += '"';
        result += c;
    }
    return result + '"';
}

std::string quote_table(std::string_view schema, std::string_view table) {
    return quote_identifier(schema) + "." + quote_identifier(table);
}

void append_literal(std::string& out, std::string_view text) {
    out += '\'';
    for (;;) {
        const auto quote = text.find('\'');
        out += text.substr(0, quote);
        if (quote == std::string_view::npos) break;
        out += "''";
        text.remove_prefix(quote + 1);
    }
    out += '\'';
}

std::string quote_literal(std::string_view text) {
    std::string result;
    append_literal(result, text);
    return result;
}

}  // namespace postgres

}  // namespace dts
