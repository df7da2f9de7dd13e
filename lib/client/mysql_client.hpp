// A connection to MySQL or MariaDB over the C client library: RAII, errors as Error, text queries.
// One thread at a time, but for interrupt().
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mysql.h>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/base/ssl_mode.hpp"

namespace dts {

struct MysqlEndpoint {
    std::string host;
    std::uint16_t port = 3306;
    std::string username;
    std::string password;
    SslMode ssl_mode = SslMode::disable;
    std::string ssl_ca_path;
    unsigned connect_timeout_secs = 15;
    unsigned read_timeout_secs = 0;  ///< 0: none
    std::string charset = "utf8mb4";

    /// host:port, for messages.
    std::string display_name() const;
};

/// One row of a text result: NULL is nullopt. Views live as long as the result.
class MysqlRow {
  public:
    MysqlRow(MYSQL_ROW row, const unsigned long* lengths, unsigned count) noexcept
        : row_(row), lengths_(lengths), count_(count) {}
    unsigned size() const noexcept { return count_; }
    bool is_null(unsigned i) const noexcept { return row_[i] == nullptr; }
    /// The text; empty for NULL.
    std::string_view operator[](unsigned i) const noexcept {
        return row_[i] ? std::string_view(row_[i], lengths_[i]) : std::string_view();
    }
    std::string text(unsigned i) const { return std::string((*this)[i]); }
    std::uint64_t number(unsigned i) const;

  private:
    MYSQL_ROW row_;
    const unsigned long* lengths_;
    unsigned count_;
};

class MysqlResult {
  public:
    explicit MysqlResult(MYSQL_RES* result) noexcept : result_(result) {}
    std::uint64_t size() const noexcept;
    std::optional<MysqlRow> next();
    /// The ordinal of a column of the result by its name (SHOW commands differ by server), or
    /// nothing.
    std::optional<unsigned> column(std::string_view name) const;

  private:
    struct Free {
        void operator()(MYSQL_RES* r) const noexcept { mysql_free_result(r); }
    };
    std::unique_ptr<MYSQL_RES, Free> result_;
};

class MysqlConnection {
  public:
    /// Connects. Throws Error{transient} when the server is not there, {permission} when it refuses
    /// the account.
    explicit MysqlConnection(const MysqlEndpoint& endpoint);
    MysqlConnection(const MysqlConnection&) = delete;
    MysqlConnection& operator=(const MysqlConnection&) = delete;
    ~MysqlConnection();

    /// A query with a result. Throws as check() does.
    MysqlResult query(std::string_view sql);
    /// A query with at most one row; its first column, nothing when there is no row or it is NULL.
    std::optional<std::string> scalar(std::string_view sql);
    /// A statement without a result; the affected rows. 'rows matched' is counted, not 'rows
    /// changed'.
    std::uint64_t execute(std::string_view sql);
    unsigned warning_count() const noexcept;

    bool is_mariadb() const noexcept { return is_mariadb_; }
    /// 101100 is 10.11.0, 90700 is 9.7.0.
    unsigned long version() const noexcept { return version_; }
    unsigned long connection_id() const noexcept;

    /// The handle, for what has no method here (replication, prepared statements).
    MYSQL* handle() noexcept { return handle_.get(); }
    int socket() const noexcept;

    /// Makes an Error of the handle's last one; context says what was tried ("while reading the
    /// binlog"). Its kind: transient for lost connections, deadlocks, lock time-outs, servers
    /// shutting down or read only; permission for refused accounts and missing grants; else data.
    Error error(std::string_view context) const;

    /// Ends a blocking call of another thread: it sees a lost connection.
    void interrupt() noexcept;

  private:
    struct Close {
        void operator()(MYSQL* m) const noexcept { mysql_close(m); }
    };
    std::unique_ptr<MYSQL, Close> handle_;
    std::string name_;
    unsigned long version_ = 0;
    bool is_mariadb_ = false;
};

/// The kind of error a server or client error number stands for.
ErrorKind mysql_error_kind(unsigned number) noexcept;

/// `name`, with backquotes in it doubled.
std::string quote_identifier(std::string_view name);
/// 'text' for use in SQL under any character set that is ASCII-safe; backslash escapes.
std::string quote_literal(std::string_view text);

}  // namespace dts
