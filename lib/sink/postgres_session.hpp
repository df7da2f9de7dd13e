// A connection to a Postgres target, set up for writing what another Postgres says without loss.
// Used by one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/client/postgres_client.hpp"

namespace dts {

struct PostgresSessionOptions {
    PostgresEndpoint endpoint;
    /// Foreign keys are not checked and ordinary triggers do not fire (session_replication_role).
    bool disable_foreign_key_checks = true;
    std::string transaction_isolation;  ///< "READ COMMITTED", ...; empty: that
    /// Transactions are marked as having come from here; empty: not at all. One session at a time.
    std::string replication_origin;
};

class PostgresSession {
  public:
    /// Connects.
    explicit PostgresSession(const PostgresSessionOptions& options)
        : connection_(options.endpoint) {}
    /// Goes before anything else. Throws Error{permission} when foreign keys cannot be switched
    /// off.
    void set_up(const PostgresSessionOptions& options);

    PostgresConnection& connection() noexcept { return connection_; }

    /// From here on its transactions carry the replication origin of the options; nothing where it
    /// names none, and the second time. An origin belongs to one session: called only when no other
    /// worker can hold it any more.
    void mark_transactions(const PostgresSessionOptions& options);

    /// One statement that goes ahead of what is executed next, in one message with it: each message
    /// costs the way there and back. `one_row`: it is to touch exactly one.
    void send_ahead(std::string sql, bool one_row = false) {
        ahead_.push_back({std::move(sql), one_row});
    }
    /// Sends what goes ahead now, by itself.
    void flush_ahead();
    void drop_ahead() noexcept { ahead_.clear(); }
    /// The rows that a statement of the last message touched where it was to be one.
    std::optional<std::uint64_t> missed_ahead() const noexcept { return missed_ahead_; }

    /// Executes statements that are sent together; the rows they touched in all.
    std::uint64_t execute(std::string_view sql);
    /// COPY ... FROM STDIN with these lines; none is sent when a statement ahead has missed.
    void copy(const std::string& command, std::string_view lines);
    /// Throws where the server took it for a ROLLBACK.
    void commit();

    /// The SQLSTATE of the last failure of execute() and copy(); empty: none since reset_failure(),
    /// it was that of a statement sent ahead, or the connection was lost.
    const std::string& failed_with() const noexcept { return failed_with_; }
    /// The last failure was one of a statement sent ahead.
    bool failed_ahead() const noexcept { return failed_ahead_; }
    void reset_failure() noexcept {
        failed_with_.clear();
        failed_ahead_ = false;
    }

  private:
    void send(std::string_view sql);
    void read_ahead();
    std::uint64_t read_results();
    void drain() noexcept;
    [[noreturn]] void fail(const PGresult* result, std::string_view context);
    [[noreturn]] void fail_ahead(const PGresult* result, std::string_view context, bool is_first);

    struct Ahead {
        std::string sql;
        bool one_row;
    };
    PostgresConnection connection_;
    std::vector<Ahead> ahead_;  ///< not yet sent
    std::vector<Ahead> sent_ahead_;
    std::optional<std::uint64_t> missed_ahead_;
    std::string context_;  ///< of what was sent behind them
    std::string failed_with_;
    bool failed_ahead_ = false;
    bool marks_transactions_ = false;
};

}  // namespace dts
