#include "lib/client/postgres_connect.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <poll.h>

namespace dts {

namespace {

const char* ssl_mode_text(SslMode mode) {
    switch (mode) {
        case SslMode::disable:
            return "disable";
        case SslMode::prefer:
            return "prefer";
        case SslMode::require:
            return "require";
        case SslMode::verify_ca:
            return "verify-ca";
        case SslMode::verify_full:
            return "verify-full";
    }
    return "prefer";
}

/// Unless the url asks for it: no server-side limit that would end what takes long; and nothing is
/// compiled. The planner takes a question to the catalog, or a write to a table without an index,
/// for costly enough, and compiling it is all that it then takes time for: the first description of
/// a table took 220 ms, each other 40.
constexpr std::pair<const char*, const char*> default_settings[] = {
    {"statement_timeout", "0"},
    {"lock_timeout", "0"},
    {"idle_in_transaction_session_timeout", "0"},
    {"jit", "off"},
};

/// Dates, times, floats, bytes and money in one form on both sides; names of objects in full.
/// Values travel as text: nothing may change these.
constexpr std::pair<const char*, const char*> required_settings[] = {
    {"DateStyle", "ISO"},     {"IntervalStyle", "postgres"},
    {"TimeZone", "UTC"},      {"extra_float_digits", "3"},
    {"bytea_output", "hex"},  {"lc_monetary", "C"},
    {"search_path", ""},      {"standard_conforming_strings", "on"},
    {"xmloption", "content"},
};

/// Of the connection's option "options": blanks and backslashes need a backslash.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == ' ' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

std::string options_of(const PostgresEndpoint& endpoint) {
    std::string options;
    const auto add = [&](const auto& settings) {
        for (const auto& [name, value] : settings)
            options += fmt::format("-c {}={} ", escaped(name), escaped(value));
    };
    // The last one of a name counts.
    add(default_settings);
    add(endpoint.settings);
    add(required_settings);
    return options;
}

using Deadline = std::chrono::steady_clock::time_point;

/// Waits for the socket. False when the time is up.
bool wait_until(PGconn* connection, short events, Deadline deadline) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return false;
        pollfd polled{PQsocket(connection), events, 0};
        if (::poll(&polled, 1, static_cast<int>(left.count())) > 0) return true;
    }
}

/// As PQexec of one statement. Null when the time is up; the connection is of no use then.
PostgresResult ask(PGconn* connection, const char* sql, Deadline deadline) {
    PostgresResult answer(nullptr);
    if (PQsendQuery(connection, sql) == 0)
        return PostgresResult(PQmakeEmptyPGresult(connection, PGRES_FATAL_ERROR));
    for (;;) {
        while (PQisBusy(connection) != 0) {
            if (!wait_until(connection, POLLIN, deadline)) return PostgresResult(nullptr);
            // What fails here is in the result.
            if (PQconsumeInput(connection) == 0) break;
        }
        PGresult* result = PQgetResult(connection);
        if (result == nullptr) return answer;
        answer = PostgresResult(result);
    }
}

/// As PQconnectdbParams, but what the server refuses comes with its SQLSTATE: its words are in a
/// language of its own. False when the time is up.
bool connect(PGconn* connection, Deadline deadline) {
    PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
    auto state =
        PQstatus(connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
        const auto events = static_cast<short>(state == PGRES_POLLING_READING ? POLLIN : POLLOUT);
        if (!wait_until(connection, events, deadline)) return false;
        state = PQconnectPoll(connection);
    }
    PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
    return true;
}

/// A primary on an earlier timeline than one of the list was on: it was replaced, and came back.
/// Where the server does not tell, there is nothing against it.
std::optional<PostgresRefusal> refusal_of_old_primary(PGconn* connection,
                                                      const PostgresEndpoint& endpoint,
                                                      const std::string& place, Deadline deadline) {
    const auto asked = ask(connection,
                           "SELECT pg_catalog.substr(pg_catalog.pg_walfile_name("
                           "pg_catalog.pg_current_wal_lsn()), 1, 8)",
                           deadline);
    if (asked.get() == nullptr)
        return PostgresRefusal{ErrorKind::transient, "no answer in time from " + place};
    if (asked.status() != PGRES_TUPLES_OK) return std::nullopt;
    const auto text = asked.at(0, 0);
    std::uint32_t timeline = 0;
    std::from_chars(text.data(), text.data() + text.size(), timeline, 16);
    if (timeline == 0) return std::nullopt;
    const auto latest = postgres_timeline_met(endpoint.host, endpoint.port, timeline);
    if (timeline >= latest) return std::nullopt;
    return PostgresRefusal{ErrorKind::transient,
                           fmt::format("{} is an old primary, on timeline {} where {} was met",
                                       place, timeline, latest)};
}

}  // namespace

PGconn* begin_postgres_connection(const PostgresEndpoint& endpoint, const PostgresAddress& address,
                                  bool is_replication) {
    const std::string port = std::to_string(endpoint.port);
    const std::string options = options_of(endpoint);
    std::vector<std::pair<const char*, const char*>> parameters = {
        {"host", address.host.c_str()},
        {"hostaddr", address.numeric.c_str()},
        {"port", port.c_str()},
        {"dbname", endpoint.database.c_str()},
        {"user", endpoint.username.c_str()},
        {"password", endpoint.password.c_str()},
        {"client_encoding", "UTF8"},
        {"application_name", endpoint.client_name.c_str()},
        {"sslmode", ssl_mode_text(endpoint.ssl_mode)},
        {"gssencmode", "disable"},
        {"options", options.c_str()},
        // A peer that vanished without a word is noticed within about a minute.
        {"keepalives", "1"},
        {"keepalives_idle", "30"},
        {"keepalives_interval", "10"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "60000"},
    };
    if (!endpoint.ssl_ca_path.empty())
        parameters.emplace_back("sslrootcert", endpoint.ssl_ca_path.c_str());
    if (is_replication) parameters.emplace_back("replication", "database");
    std::vector<const char*> names, values;
    for (const auto& [name, value] : parameters) {
        names.push_back(name);
        values.push_back(value);
    }
    names.push_back(nullptr);
    values.push_back(nullptr);
    return PQconnectStartParams(names.data(), values.data(), 0);
}

std::optional<PostgresRefusal> connect_postgres(PGconn* connection,
                                                const PostgresEndpoint& endpoint,
                                                const PostgresAddress& address) {
    const std::string& place = address.numeric.empty() ? address.host : address.numeric;
    const PostgresRefusal late{ErrorKind::transient, names_several_hosts(endpoint.host)
                                                         ? "no answer in time from " + place
                                                         : "no answer in time"};
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::seconds(endpoint.connect_timeout_secs);
    if (!connect(connection, deadline)) return late;
    if (PQstatus(connection) != CONNECTION_OK)
        return judge_postgres_refusal(PQerrorMessage(connection));
    if (!names_several_hosts(endpoint.host)) return std::nullopt;
    const auto asked = ask(connection, "SELECT pg_catalog.pg_is_in_recovery()", deadline);
    if (asked.get() == nullptr) return late;
    if (asked.status() != PGRES_TUPLES_OK)
        return judge_postgres_refusal(PQerrorMessage(connection));
    if (asked.at(0, 0) == "t")
        return PostgresRefusal{ErrorKind::transient, place + " is a standby"};
    return refusal_of_old_primary(connection, endpoint, place, deadline);
}

}  // namespace dts
