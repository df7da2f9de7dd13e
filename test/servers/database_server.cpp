#include "test/servers/database_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <cstddef>
#include <fcntl.h>
#include <fstream>
#include <random>
#include <signal.h>
#include <stdexcept>
#include <unistd.h>

#include "test/servers/folder_watch.hpp"

namespace dts::test {

namespace fs = std::filesystem;

namespace {

unsigned next_server_id() {
    static std::atomic<unsigned> next{101};
    return next++;
}

std::string tail_of(const fs::path& file) {
    const std::string text = read_file(file);
    return text.substr(text.size() - std::min<std::size_t>(text.size(), 3000));
}

bool can_listen_on(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const bool free = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    return free;
}

/// Makes a block of ports this process's own among the tests that run beside it, until it ends: a
/// port that was found free is not yet listened on, nor is that of a stopped server. What is
/// reserved is a name, of a socket that nobody connects to.
bool reserve_ports(unsigned first) {
    const std::string name = fmt::format("dts-test-ports-{}", first);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // The zero before it makes it a name that is in no folder and goes with its last descriptor.
    name.copy(address.sun_path + 1, name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0) return true;
    close(fd);
    return false;
}

class MysqlTestSession final : public SqlSession {
  public:
    explicit MysqlTestSession(const MysqlEndpoint& endpoint) : connection_(endpoint) {
        // A writer that waits for another's rows gives up soon, and rolls back.
        connection_.execute("SET innodb_lock_wait_timeout = 2");
    }
    void execute(const std::string& sql) override { connection_.execute(sql); }
    bool try_execute(const std::string& sql) override {
        constexpr unsigned duplicate_key = 1062;
        try {
            connection_.execute(sql);
            return true;
        } catch (const Error&) {
            if (mysql_errno(connection_.handle()) != duplicate_key) throw;
            return false;
        }
    }
    std::optional<std::string> scalar(const std::string& sql) override {
        return connection_.scalar(sql);
    }
    void begin_snapshot() override {
        connection_.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
        connection_.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT");
    }

  private:
    MysqlConnection connection_;
};

}  // namespace

std::uint16_t free_port() {
    constexpr unsigned first = 10000, block = 64;
    unsigned first_outgoing = 32768;
    std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first_outgoing;
    const unsigned last_block = std::max(first_outgoing, first + 2048) / block - 1;
    static std::mt19937 random{std::random_device{}()};
    static unsigned next = 0, left = 0;
    std::uniform_int_distribution<unsigned> any_block(first / block + 1, last_block);
    for (int attempt = 0; attempt < 5000; ++attempt) {
        if (left == 0) {
            next = any_block(random) * block;
            if (reserve_ports(next)) left = block;
            continue;
        }
        --left;
        const auto port = static_cast<std::uint16_t>(next++);
        if (can_listen_on(port)) return port;
    }
    throw std::runtime_error("no free port on 127.0.0.1");
}

void copy_cached_data_folder(const std::string& name, const fs::path& target,
                             const std::function<void(const fs::path&)>& make) {
    const fs::path cached = cache_folder() / name;
    const int lock = open((cached.string() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    flock(lock, LOCK_EX);
    if (!fs::exists(cached)) {
        const fs::path unfinished = cached.string() + ".unfinished";
        fs::remove_all(unfinished);
        make(unfinished);
        fs::rename(unfinished, cached);
    }
    close(lock);
    run_program({"cp", "-a", "--reflink=auto", cached.string(), target.string()});
}

DatabaseServer::DatabaseServer(std::string_view kind, ServerOptions options)
    : folder_(kind), options_(std::move(options)), port_(free_port()) {
    if (options_.server_id == 0) options_.server_id = next_server_id();
    fs::create_directory(folder_ / "tmp");
    // Read at each start, before the server takes connections; not written to the binlog.
    write_file(folder_ / "accounts.sql",
               fmt::format("SET sql_log_bin=0;\n"
                           "CREATE USER IF NOT EXISTS '{0}'@'%' IDENTIFIED BY '{1}';\n"
                           "GRANT ALL ON *.* TO '{0}'@'%' WITH GRANT OPTION;\n",
                           username, password));
}

DatabaseServer::~DatabaseServer() = default;

void DatabaseServer::start(const std::vector<std::string>& extra_args) {
    if (process_ && process_->is_running()) throw std::runtime_error("the server runs already");
    Command command;
    command.args = command_line();
    const std::vector<std::string> common = {
        fmt::format("--datadir={}", data_folder().string()),
        fmt::format("--tmpdir={}", (folder_ / "tmp").string()),
        fmt::format("--port={}", port_),
        "--bind-address=127.0.0.1",
        fmt::format("--socket={}", socket().string()),
        fmt::format("--pid-file={}", (folder_ / "pid").string()),
        fmt::format("--init-file={}", (folder_ / "accounts.sql").string()),
        fmt::format("--server-id={}", options_.server_id),
        "--log-bin=mysql-bin",
        "--binlog-format=ROW",
        fmt::format("--binlog-row-metadata={}", options_.binlog_row_metadata),
        "--sync-binlog=0",
        "--innodb-flush-log-at-trx-commit=2",
        "--innodb-buffer-pool-size=64M",
        "--skip-name-resolve",
        "--local-infile=ON",
        "--max-allowed-packet=64M",
    };
    auto& args = command.args;
    args.insert(args.end(), common.begin(), common.end());
    if (geteuid() == 0) args.push_back("--user=root");
    args.insert(args.end(), options_.extra_args.begin(), options_.extra_args.end());
    args.insert(args.end(), extra_args.begin(), extra_args.end());
    command.stdout_file = command.stderr_file = error_log();

    // The log of an earlier run must not be taken for this one's.
    std::error_code none_yet;
    fs::rename(error_log(), error_log().string() + ".before", none_yet);
    process_ = std::make_unique<ChildProcess>(command);
    LineReader log(error_log());
    const auto result = wait_until(
        folder(), [&] { return log.find("ready for connections").has_value(); },
        std::chrono::minutes(2), process_.get());
    if (result == WaitResult::done) return;
    process_.reset();
    throw std::runtime_error(fmt::format("the server in {} did not start:\n{}", folder().string(),
                                         tail_of(error_log())));
}

void DatabaseServer::stop() {
    admin_.reset();
    if (!process_) return;
    process_->signal(SIGTERM);
    const bool stopped = process_->wait(std::chrono::minutes(2)).has_value();
    process_.reset();
    if (!stopped) {
        throw std::runtime_error(fmt::format("the server in {} did not stop:\n{}",
                                             folder().string(), tail_of(error_log())));
    }
}

void DatabaseServer::kill() {
    admin_.reset();
    process_.reset();
}

MysqlEndpoint DatabaseServer::endpoint() const {
    MysqlEndpoint endpoint;
    endpoint.host = "127.0.0.1";
    endpoint.port = port_;
    endpoint.username = username;
    endpoint.password = password;
    return endpoint;
}

std::string DatabaseServer::url() const {
    return fmt::format("mysql://{}:{}@127.0.0.1:{}", username, password_in_url, port_);
}

std::unique_ptr<SqlSession> DatabaseServer::session() const {
    return std::make_unique<MysqlTestSession>(endpoint());
}

MysqlConnection& DatabaseServer::admin() {
    if (!admin_) {
        admin_.emplace(endpoint());
        mysql_set_server_option(admin_->handle(), MYSQL_OPTION_MULTI_STATEMENTS_ON);
    }
    return *admin_;
}

void DatabaseServer::run(std::string_view sql) {
    auto& connection = admin();
    connection.query(sql);
    for (int more = 0; (more = mysql_next_result(connection.handle())) >= 0;) {
        if (more > 0) throw connection.error(fmt::format("in one of {}", sql.substr(0, 300)));
        const MysqlResult dropped(mysql_store_result(connection.handle()));
    }
}

std::string DatabaseServer::scalar(std::string_view sql) {
    return admin().scalar(sql).value_or("");
}

BinlogEnd DatabaseServer::binlog_end() {
    BinlogEnd end;
    end.gtid_set = scalar(gtid_set_query());
    auto result = admin().query(binlog_end_query());
    const auto row = result.next();
    if (!row) throw std::runtime_error("the server writes no binlog");
    end.file = row->text(0);
    end.position = row->number(1);
    return end;
}

}  // namespace dts::test
