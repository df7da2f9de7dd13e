// A throwaway database server of any kind, as far as tests need not know which: its process, and
// SQL on it. DatabaseServer (MySQL, MariaDB) and PostgresServer are the kinds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/error.hpp"

namespace dts::test {

enum class SqlKind : std::uint8_t { mysql, postgres };

/// One connection; one thread. Throws dts::Error, transient for a server that is away.
class SqlSession {
  public:
    virtual ~SqlSession() = default;
    virtual void execute(const std::string& sql) = 0;
    /// False when the row is there already, by some unique key; the open transaction goes on then.
    virtual bool try_execute(const std::string& sql) = 0;
    /// The first column of the first row as text; nothing when there is none, or it is NULL.
    virtual std::optional<std::string> scalar(const std::string& sql) = 0;
    /// Begins a transaction all of whose queries see one state.
    virtual void begin_snapshot() = 0;
};

class SqlServer {
  public:
    /// The account that tests and workers use; it may do everything. The password needs
    /// percent-encoding in a URL, and must never be seen in any output of dts.
    static constexpr std::string_view username = "dts";
    static constexpr std::string_view password = "t0p:s3cr@t/word";
    static constexpr std::string_view password_in_url = "t0p%3As3cr%40t%2Fword";

    SqlServer() = default;
    SqlServer(const SqlServer&) = delete;
    SqlServer& operator=(const SqlServer&) = delete;
    virtual ~SqlServer() = default;

    /// Stops it cleanly.
    virtual void stop() = 0;
    /// Ends it as a crash would: SIGKILL.
    virtual void kill() = 0;
    virtual void restart() = 0;
    /// SIGSTOP and SIGCONT: the server is there and does not answer.
    virtual void freeze() = 0;
    virtual void thaw() = 0;
    virtual SqlKind kind() const noexcept = 0;
    virtual std::uint16_t port() const noexcept = 0;
    virtual const std::filesystem::path& folder() const noexcept = 0;

    /// With account and password, for a task's ini.
    virtual std::string url() const = 0;
    /// A new connection.
    virtual std::unique_ptr<SqlSession> session() const = 0;

    /// Statements, separated by semicolons, on one connection that is kept: SET lasts until the
    /// server is restarted. Throws dts::Error. run() drops results, scalar() gives the first column
    /// of the first row of one statement (empty for none and NULL).
    virtual void run(std::string_view sql) = 0;
    virtual std::string scalar(std::string_view sql) = 0;

    /// A query that tells how many transactions are open that have changed something.
    virtual std::string open_transactions_query() const = 0;
};

}  // namespace dts::test
