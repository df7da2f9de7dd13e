// A throwaway MySQL or MariaDB server: its own folder, port and socket, an empty data directory, a
// binlog. It runs as a child of the test and ends with it. MariadbServer and MysqlServer are the
// two kinds.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/client/mysql_client.hpp"
#include "test/servers/child_process.hpp"
#include "test/servers/sql_server.hpp"
#include "test/servers/temp_folder.hpp"

namespace dts::test {

struct ServerOptions {
    unsigned server_id = 0;                       ///< 0: one that no other server of this test has
    bool gtid = true;                             ///< MySQL: gtid_mode (MariaDB always has GTIDs)
    std::string binlog_row_metadata = "MINIMAL";  ///< or FULL, NO_LOG (MariaDB)
    std::vector<std::string> extra_args;          ///< win over all others
};

/// The end of a server's binlog.
struct BinlogEnd {
    std::string file;
    std::uint64_t position = 0;
    std::string gtid_set;
};

class DatabaseServer : public SqlServer {
  public:
    ~DatabaseServer() override;

    /// Starts it, with what it holds, and returns when it takes connections. Throws with the tail
    /// of its error log when it does not. `extra_args` are for this start only.
    void start(const std::vector<std::string>& extra_args = {});
    void stop() override;
    void kill() override;
    void restart() override { stop(), start(); }
    void freeze() override { process_->signal(19); }
    void thaw() override { process_->signal(18); }

    SqlKind kind() const noexcept override { return SqlKind::mysql; }
    std::uint16_t port() const noexcept override { return port_; }
    unsigned server_id() const noexcept { return options_.server_id; }
    const std::filesystem::path& folder() const noexcept override { return folder_.path(); }
    std::filesystem::path data_folder() const { return folder_ / "data"; }
    std::filesystem::path socket() const { return folder_ / "socket"; }
    std::filesystem::path error_log() const { return folder_ / "error.log"; }

    /// mysql://dts:…@127.0.0.1:PORT
    std::string url() const override;
    std::unique_ptr<SqlSession> session() const override;
    MysqlEndpoint endpoint() const;
    /// A new connection.
    MysqlConnection connect() const { return MysqlConnection(endpoint()); }

    void run(std::string_view sql) override;
    std::string scalar(std::string_view sql) override;
    std::string open_transactions_query() const override {
        return "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_rows_modified > 0";
    }

    BinlogEnd binlog_end();

  protected:
    DatabaseServer(std::string_view kind, ServerOptions options);

    /// The command that runs the server in the foreground.
    virtual std::vector<std::string> command_line() const = 0;
    virtual std::string binlog_end_query() const = 0;
    virtual std::string gtid_set_query() const = 0;

    const ServerOptions& options() const noexcept { return options_; }

  private:
    MysqlConnection& admin();

    TempFolder folder_;
    ServerOptions options_;
    std::uint16_t port_;
    std::unique_ptr<ChildProcess> process_;
    std::optional<MysqlConnection> admin_;
};

/// A port of 127.0.0.1 that nobody listens on and that no other process of the tests is given while
/// this one runs. Outside the range that Linux takes the ports of outgoing connections from: a
/// client that retries to reach a stopped server there could else be given that very port, and
/// connect to itself.
std::uint16_t free_port();

/// Copies the data directory `name` of the cache to `target`; makes it first, with make(folder),
/// when it is not in the cache. Several processes may ask at once.
void copy_cached_data_folder(const std::string& name, const std::filesystem::path& target,
                             const std::function<void(const std::filesystem::path&)>& make);

}  // namespace dts::test
