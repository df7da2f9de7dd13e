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

    /// Executes a text statement; the rows it matched. Nothing may be under way.
    std::uint64_t execute(std::string_view sql) { return connection_.execute(sql); }

    // Statements sent ahead: the server goes from one to the next without waiting for us. Replies
    // come in the order of sending, and each must be read; what is executed behind one that failed
    // is for the caller to roll back. Throw Error as the connection does.

    /// Prepares a bulk statement if it is not yet. Nothing may be under way.
    void prepare(const std::shared_ptr<const BulkStatement>& statement);
    void send(std::string_view sql);
    /// `packet` is made by BulkStatement, of a prepared statement; its id is filled in.
    void send_bulk(const std::shared_ptr<const BulkStatement>& statement, std::span<char> packet);
    /// The rows that the oldest statement under way matched.
    std::uint64_t read_reply();
    /// Reads and drops the replies still to come.
    void drain() noexcept;

    /// The number of the last server error; 0: none.
    unsigned last_error() const noexcept;

  private:
    struct CloseStatement {
        void operator()(MYSQL_STMT* s) const noexcept { mysql_stmt_close(s); }
    };
    using Prepared = std::unique_ptr<MYSQL_STMT, CloseStatement>;
    void send_command(enum_server_command command, const char* bytes, std::size_t length,
                      void* statement);
    void close_unused();

    MysqlConnection connection_;
    std::size_t max_packet_bytes_;
    std::size_t under_way_ = 0;  ///< statements sent whose replies have not been read
    /// Keyed by the statement's address; the statement is kept, so the address stays its own.
    std::unordered_map<const BulkStatement*,
                       std::pair<std::shared_ptr<const BulkStatement>, Prepared>>
        prepared_;
};

}  // namespace dts
