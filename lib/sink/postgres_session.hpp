// A connection to a Postgres target, set up for writing what another Postgres says without loss.
// Used by one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

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
    /// Throws as the connection does, and Error{permission} when foreign keys cannot be switched
    /// off.
    explicit PostgresSession(const PostgresSessionOptions& options);

    PostgresConnection& connection() noexcept { return connection_; }

    /// From here on its transactions carry the replication origin of the options; nothing where it
    /// names none, and the second time. An origin belongs to one session: called only when no other
    /// worker can hold it any more.
    void mark_transactions(const PostgresSessionOptions& options);

    /// Executes statements that are sent together; the rows they touched in all.
    std::uint64_t execute(std::string_view sql);
    /// COPY ... FROM STDIN with these lines.
    void copy(const std::string& command, std::string_view lines);

    /// The SQLSTATE of the last failure; empty: none since reset_failure(), or the connection was
    /// lost.
    const std::string& failed_with() const noexcept { return failed_with_; }
    void reset_failure() noexcept { failed_with_.clear(); }

  private:
    std::uint64_t read_results(std::string_view context);

    PostgresConnection connection_;
    std::string failed_with_;
    bool marks_transactions_ = false;
};

}  // namespace dts
