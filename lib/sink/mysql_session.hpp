// A connection to a MySQL or MariaDB target, set up for writing what a binlog says without loss,
// and the statements it has prepared. Used by one thread.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "lib/client/mysql_client.hpp"
#include "lib/sink/mysql_bulk.hpp"

namespace dts {

struct MysqlSessionOptions {
    MysqlEndpoint endpoint;
    bool disable_foreign_key_checks = true;
    std::string transaction_isolation;  ///< "READ COMMITTED", ...; empty: that
};

class MysqlSession {
  public:
    explicit MysqlSession(const MysqlSessionOptions& options);

    MysqlConnection& connection() noexcept { return connection_; }
    bool can_execute_in_bulk() const noexcept;
    std::size_t max_packet_bytes() const noexcept { return max_packet_bytes_; }

    /// Executes a text statement; the rows it matched.
    std::uint64_t execute(std::string_view sql) { return connection_.execute(sql); }

    /// Sends a packet made by BulkStatement, its statement prepared at first use; the rows it
    /// matched. `packet` is changed: the statement's id is filled in.
    std::uint64_t execute_bulk(const std::shared_ptr<const BulkStatement>& statement,
                      std::span<char> packet);

    /// The number of the last server error; 0: none.
    unsigned last_error() const noexcept;

  private:
    struct CloseStatement {
        void operator()(MYSQL_STMT* s) const noexcept { mysql_stmt_close(s); }
    };
    using Prepared = std::unique_ptr<MYSQL_STMT, CloseStatement>;
    MYSQL_STMT* prepare(const std::shared_ptr<const BulkStatement>& statement);
    void close_unused();

    MysqlConnection connection_;
    std::size_t max_packet_bytes_;
    /// Keyed by the statement's address; the statement is kept, so the address stays its own.
    std::unordered_map<const BulkStatement*,
                       std::pair<std::shared_ptr<const BulkStatement>, Prepared>>
        prepared_;
};

}  // namespace dts
