// A connection to Postgres over libpq: RAII, errors as Error, queries with text results. What is
// lost stays lost: a connection never reconnects by itself, since its session settings, locks and
// transaction would be gone without a word. One thread at a time, but for interrupt().
#pragma once

#include <cstdint>
#include <initializer_list>
#include <libpq-fe.h>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/base/ssl_mode.hpp"

namespace dts {

struct PostgresEndpoint {
    /// Or several, by comma, of one port: the first that answers and is no standby.
    std::string host;
    std::uint16_t port = 5432;
    std::string username;
    std::string password;
    std::string database;
    SslMode ssl_mode = SslMode::disable;
    std::string ssl_ca_path;
    unsigned connect_timeout_secs = 15;                         ///< of each address
    std::string client_name = "dts";                            ///< application_name
    std::vector<std::pair<std::string, std::string>> settings;  ///< of the session, by the url

    /// host:port/database, for messages.
    std::string display_name() const;
};

/// A result in text form. Views live as long as it does.
class PostgresResult {
  public:
    explicit PostgresResult(PGresult* result) noexcept : result_(result) {}
    std::size_t size() const noexcept { return static_cast<std::size_t>(PQntuples(get())); }
    bool is_null(std::size_t row, int column) const noexcept {
        return PQgetisnull(get(), static_cast<int>(row), column) != 0;
    }
    /// Empty for NULL.
    std::string_view at(std::size_t row, int column) const noexcept {
        const int r = static_cast<int>(row);
        return {PQgetvalue(get(), r, column),
                static_cast<std::size_t>(PQgetlength(get(), r, column))};
    }
    std::string text(std::size_t row, int column) const { return std::string(at(row, column)); }
    /// Rows that a statement touched.
    std::uint64_t affected_rows() const noexcept;
    ExecStatusType status() const noexcept { return PQresultStatus(get()); }
    std::string_view sqlstate() const noexcept;
    PGresult* get() const noexcept { return result_.get(); }

  private:
    struct Clear {
        void operator()(PGresult* r) const noexcept { PQclear(r); }
    };
    std::unique_ptr<PGresult, Clear> result_;
};

class PostgresConnection {
  public:
    enum class Kind : std::uint8_t {
        plain,
        replication,  ///< a walsender: takes replication commands, and simple queries
    };
    /// Connects. The session writes and reads values in the forms that lose nothing and depend on
    /// no setting of server, database or account. Throws Error{transient} when the server is not
    /// there, {permission} when it refuses the account.
    explicit PostgresConnection(const PostgresEndpoint& endpoint, Kind kind = Kind::plain);

    /// One statement, or several: the last one's result. Throws as error() says.
    PostgresResult query(const std::string& sql);
    /// The same, but what the server refuses is for the caller to look at.
    PostgresResult try_query(const std::string& sql);
    /// One statement that is asked again and again, with its $1, $2, ...: the server need not plan
    /// it each time. Throws as query().
    PostgresResult query_prepared(const std::string& sql,
                                  std::initializer_list<std::string> parameters);
    /// The first column of the first row; nothing when there is no row or it is NULL.
    std::optional<std::string> scalar(const std::string& sql);
    /// The rows it touched.
    std::uint64_t execute(const std::string& sql) { return query(sql).affected_rows(); }

    /// 150018 is 15.18.
    int version() const noexcept { return PQserverVersion(handle_.get()); }
    bool in_transaction() const noexcept;

    /// For what has no method here: COPY, replication, statements sent ahead.
    PGconn* handle() const noexcept { return handle_.get(); }
    /// The error of a result that is not what was wanted, or of the connection. `context` says what
    /// was tried. Its kind is postgres_error_kind() of the SQLSTATE, transient for a lost
    /// connection.
    Error error(const PGresult* result, std::string_view context) const;
    /// A parameter of the server as it was reported at connect ("in_hot_standby").
    std::string parameter(const char* name) const;
    const std::string& display_name() const noexcept { return name_; }

    /// Ends a blocking call of another thread: it sees a lost connection.
    void interrupt() noexcept;

  private:
    struct Finish {
        void operator()(PGconn* c) const noexcept { PQfinish(c); }
    };
    PostgresResult checked(PostgresResult result, const std::string& sql) const;
    const std::string& prepare(const std::string& sql);

    std::string name_;
    std::unique_ptr<PGconn, Finish> handle_;
    std::map<std::string, std::string> prepared_;  ///< the names of what was prepared, by its SQL
};

/// What a connection was refused with: "...: FATAL:  28P01: words\nLOCATION:  function, file:line",
/// the server's words in a language of its own. What libpq says itself has no SQLSTATE, and is in
/// English.
struct PostgresRefusal {
    ErrorKind kind;
    std::string words;  ///< one line, without SQLSTATE and location
};
PostgresRefusal judge_postgres_refusal(std::string_view message);

/// The kind of error an SQLSTATE stands for: transient for lost connections, deadlocks, lock
/// time-outs, servers shutting down, full or read only; permission for refused accounts and missing
/// rights; else data.
ErrorKind postgres_error_kind(std::string_view sqlstate) noexcept;

namespace postgres {

/// "name", with quotes in it doubled.
std::string quote_identifier(std::string_view name);
/// "schema"."table"
std::string quote_table(std::string_view schema, std::string_view table);
/// 'text', for a session with standard_conforming_strings on, as every one of ours is.
std::string quote_literal(std::string_view text);
void append_literal(std::string& out, std::string_view text);

}  // namespace postgres

}  // namespace dts
