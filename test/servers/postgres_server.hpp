// A throwaway Postgres: the one that Debian packages, without its service, or the version 17 that
// fetch-postgres17 makes. It has a database "d" and writes its log for logical decoding. Where the
// tests run as root it runs as the account "postgres", since it refuses to be root.
#pragma once

#include <vector>

#include "lib/client/postgres_client.hpp"
#include "test/servers/child_process.hpp"
#include "test/servers/sql_server.hpp"
#include "test/servers/temp_folder.hpp"

namespace dts::test {

class PostgresServer final : public SqlServer {
  public:
    static constexpr std::string_view database = "d";

    enum class Identity : std::uint8_t {
        shared,  ///< its system identifier is that of the others, which come from one copy
        own,     ///< made anew: takes two seconds more
    };
    enum class Release : std::uint8_t { debian, seventeen };
    /// Nothing where there is a Postgres of that release to start.
    static std::optional<std::string> why_unavailable(Release release);

    /// Starts it with an empty data directory; `settings` as "name=value".
    explicit PostgresServer(std::vector<std::string> settings = {},
                            Identity identity = Identity::shared,
                            Release release = Release::debian);
    /// Starts a standby of it, with what it holds, at standby_host and the same port: one URL can
    /// name both. `slot` is a physical one of the primary's.
    PostgresServer(const PostgresServer& primary, std::string_view slot,
                   std::vector<std::string> settings);
    static constexpr std::string_view primary_host = "127.0.0.1", standby_host = "127.0.0.2";
    ~PostgresServer() override;

    /// Starts it, with what it holds, and returns when it takes connections. `settings` are for
    /// this start only.
    void start(const std::vector<std::string>& settings = {});
    void stop() override;
    void kill() override;
    void restart() override { stop(), start(); }
    void freeze() override { process_->signal(19); }
    void thaw() override { process_->signal(18); }
    SqlKind kind() const noexcept override { return SqlKind::postgres; }
    std::uint16_t port() const noexcept override { return port_; }
    const std::filesystem::path& folder() const noexcept override { return folder_.path(); }
    std::filesystem::path data_folder() const { return folder_ / "data"; }
    std::filesystem::path error_log() const { return folder_ / "error.log"; }

    std::string url() const override;
    std::unique_ptr<SqlSession> session() const override;
    PostgresEndpoint endpoint() const;
    PostgresConnection connect() const;
    void run(std::string_view sql) override;
    std::string scalar(std::string_view sql) override;
    std::string open_transactions_query() const override {
        return "SELECT count(*) FROM pg_stat_activity WHERE backend_xid IS NOT NULL";
    }

    /// "0/1929D38": the end of what the server's log holds durably.
    std::string wal_end();
    /// Where the slot stands; empty when there is none.
    std::string confirmed_lsn(std::string_view slot);

  private:
    PostgresConnection& admin();
    void make_folders();
    std::string program(const char* name) const;

    TempFolder folder_;
    Release release_;
    std::string host_;
    std::vector<std::string> settings_;
    std::uint16_t port_;
    std::unique_ptr<ChildProcess> process_;
    std::optional<PostgresConnection> admin_;
};

}  // namespace dts::test
