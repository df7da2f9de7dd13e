#include "test/servers/postgres_server.hpp"

#include <fmt/format.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <pwd.h>
#include <signal.h>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

#include "test/servers/database_server.hpp"
#include "test/servers/folder_watch.hpp"

namespace dts::test {

namespace fs = std::filesystem;

namespace {

/// DTS_TEST_POSTGRES17 names it, else it is where fetch-postgres17 puts it.
fs::path tree_of_17() {
    const char* named = std::getenv("DTS_TEST_POSTGRES17");
    return named != nullptr ? fs::path(named) : cache_folder() / "postgres17";
}

fs::path programs_of(PostgresServer::Release release) {
    return release == PostgresServer::Release::debian ? fs::path("/usr/lib/postgresql/15/bin")
                                                      : tree_of_17() / "usr/lib/postgresql/17/bin";
}

/// As the account "postgres" where this one is root; ended with the test that started it.
std::vector<std::string> as_server_account(std::vector<std::string> command) {
    if (geteuid() != 0) return command;
    std::vector<std::string> args = {"setpriv", "--reuid=postgres", "--regid=postgres",
                                     "--clear-groups", "--pdeathsig=KILL"};
    args.insert(args.end(), command.begin(), command.end());
    return args;
}

void give_to_server_account(const fs::path& folder) {
    if (geteuid() != 0) return;
    const passwd* account = getpwnam("postgres");
    if (account == nullptr) throw std::runtime_error("there is no account 'postgres'");
    if (::chown(folder.c_str(), account->pw_uid, account->pw_gid) != 0)
        throw std::runtime_error("cannot give " + folder.string() + " to postgres");
}

void make_data_folder(const std::string& initdb, const fs::path& folder) {
    fs::create_directory(folder);
    give_to_server_account(folder);
    // What makes the server's first start slow is done once, here: the account and the database.
    run_program(as_server_account({initdb, "--no-sync", "-A", "trust", "-U", "postgres", "-E",
                                   "UTF8", "--locale=C.UTF-8", "-D", folder.string()}));
    // From here on the password is asked for, but by the owner of the folder's socket.
    write_file(folder / "pg_hba.conf",
               "local all postgres trust\n"
               "host all all 127.0.0.1/32 scram-sha-256\n"
               "host replication all 127.0.0.1/32 scram-sha-256\n");
}

class PostgresTestSession final : public SqlSession {
  public:
    explicit PostgresTestSession(PostgresConnection connection)
        : connection_(std::move(connection)) {}
    void execute(const std::string& sql) override { connection_.query(sql); }
    bool try_execute(const std::string& sql) override {
        const bool nested = connection_.in_transaction();
        if (nested) connection_.query("SAVEPOINT before");
        const auto result = connection_.try_query(sql);
        const bool is_duplicate = result.sqlstate() == "23505";
        if (is_duplicate) {
            if (nested) connection_.query("ROLLBACK TO before");
            return false;
        }
        if (!result.sqlstate().empty() || result.get() == nullptr)
            throw connection_.error(result.get(), "in " + sql.substr(0, 200));
        if (nested) connection_.query("RELEASE before");
        return true;
    }
    std::optional<std::string> scalar(const std::string& sql) override {
        return connection_.scalar(sql);
    }
    void begin_snapshot() override {
        connection_.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    }

  private:
    PostgresConnection connection_;
};

/// A killed server leaves its segment to the one that is started after it, which for a throwaway
/// one is nobody: the kernel has a few thousand of them. Its number ends the file's seventh line.
void remove_shared_memory(const fs::path& data) {
    std::ifstream file(data / "postmaster.pid");
    std::string line;
    std::getline(file, line);
    const pid_t pid = std::atoi(line.c_str());
    for (int i = 1; i < 7; ++i) std::getline(file, line);
    std::istringstream words(line);
    unsigned long key = 0;
    int id = 0;
    if (!file || !(words >> key >> id)) return;
    shmid_ds segment{};
    if (::shmctl(id, IPC_STAT, &segment) == 0 && segment.shm_cpid == pid)
        ::shmctl(id, IPC_RMID, nullptr);
}

}  // namespace

std::optional<std::string> PostgresServer::why_unavailable(Release release) {
    const auto program = programs_of(release) / "postgres";
    if (fs::exists(program)) return std::nullopt;
    return fmt::format("no {} (test/servers/fetch-postgres17 makes one)", program.string());
}

PostgresServer::PostgresServer(std::vector<std::string> settings, Identity identity,
                               Release release)
    : folder_("postgres"),
      release_(release),
      host_(primary_host),
      settings_(std::move(settings)),
      port_(free_port()) {
    make_folders();
    const auto make = [this](const fs::path& folder) {
        make_data_folder(program("initdb"), folder);
    };
    if (identity == Identity::own) {
        make(data_folder());
    } else {
        copy_cached_data_folder(release == Release::debian ? "postgres-15" : "postgres-17",
                                data_folder(), make);
    }
    start();
    PostgresEndpoint owner;
    owner.host = (folder_ / "socket").string();
    owner.port = port_;
    owner.username = owner.database = "postgres";
    PostgresConnection connection(owner);
    connection.query(
        fmt::format("CREATE ROLE {} SUPERUSER LOGIN PASSWORD '{}'", username, password));
    connection.query(fmt::format("CREATE DATABASE {}", database));
}

PostgresServer::PostgresServer(const PostgresServer& primary, std::string_view slot,
                               std::vector<std::string> settings)
    : folder_("postgres"),
      release_(primary.release_),
      host_(standby_host),
      settings_(std::move(settings)),
      port_(primary.port_) {
    make_folders();
    const auto place = fmt::format("host={} port={} user={} password={} dbname={}", primary.host_,
                                   port_, username, password, database);
    fs::create_directory(data_folder());
    give_to_server_account(data_folder());
    fs::permissions(data_folder(), fs::perms::owner_all);
    run_program(as_server_account({program("pg_basebackup"), "-d", place, "-D",
                                   data_folder().string(), "--checkpoint=fast", "--no-sync"}));
    write_file(data_folder() / "standby.signal", "");
    settings_.push_back("primary_conninfo=" + place);
    settings_.push_back(fmt::format("primary_slot_name={}", slot));
    settings_.push_back(fmt::format("listen_addresses={}", host_));
    start();
}

PostgresServer::~PostgresServer() {
    kill();
    remove_shared_memory(data_folder());
}

std::string PostgresServer::program(const char* name) const {
    return (programs_of(release_) / name).string();
}

void PostgresServer::make_folders() {
    // Its account must get through to the data.
    fs::permissions(folder(),
                    fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
    fs::create_directory(folder_ / "socket");
    give_to_server_account(folder_ / "socket");
}

void PostgresServer::start(const std::vector<std::string>& settings) {
    if (process_ && process_->is_running()) throw std::runtime_error("the server runs already");
    std::vector<std::string> args = {program("postgres"), "-D", data_folder().string()};
    std::vector<std::string> all = {
        "wal_level=logical",
        "listen_addresses=127.0.0.1",
        fmt::format("port={}", port_),
        fmt::format("unix_socket_directories={}", (folder_ / "socket").string()),
        "max_replication_slots=20",
        "max_wal_senders=20",
        "fsync=off",
        "shared_buffers=64MB",
        "max_wal_size=256MB",
        "logging_collector=off",
        "log_min_messages=warning",
    };
    all.insert(all.end(), settings_.begin(), settings_.end());
    all.insert(all.end(), settings.begin(), settings.end());
    for (const auto& setting : all) {
        args.push_back("-c");
        args.push_back(setting);
    }
    Command command;
    command.args = as_server_account(std::move(args));
    command.stdout_file = command.stderr_file = error_log();
    command.environment = {{"LC_ALL", "C.UTF-8"}};
    // The processes of a server that was killed end a moment after it, and until then hold what the
    // next one needs.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (;;) {
        std::error_code none_yet;
        fs::rename(error_log(), error_log().string() + ".before", none_yet);
        process_ = std::make_unique<ChildProcess>(command);
        LineReader log(error_log());
        const auto result = wait_until(
            folder(), [&] { return log.find("database system is ready to accept ").has_value(); },
            std::chrono::minutes(2), process_.get());
        if (result == WaitResult::done) return;
        const std::string text = read_file(error_log());
        const bool is_held = text.find("is still in use") != std::string::npos ||
                             text.find("Is another postmaster") != std::string::npos ||
                             text.find("Address already in use") != std::string::npos;
        if (is_held && std::chrono::steady_clock::now() < deadline) continue;
        process_.reset();
        throw std::runtime_error(
            fmt::format("the server in {} did not start:\n{}", folder().string(), text));
    }
}

void PostgresServer::stop() {
    admin_.reset();
    if (!process_) return;
    process_->signal(SIGINT);  // at once, but cleanly
    const bool stopped = process_->wait(std::chrono::minutes(2)).has_value();
    process_.reset();
    if (!stopped)
        throw std::runtime_error(fmt::format("the server in {} did not stop:\n{}",
                                             folder().string(), read_file(error_log())));
}

void PostgresServer::kill() {
    admin_.reset();
    process_.reset();
}

PostgresEndpoint PostgresServer::endpoint() const {
    PostgresEndpoint endpoint;
    endpoint.host = host_;
    endpoint.port = port_;
    endpoint.username = username;
    endpoint.password = password;
    endpoint.database = database;
    endpoint.client_name = "test";
    return endpoint;
}

std::string PostgresServer::url() const {
    return fmt::format("postgres://{}:{}@{}:{}/{}", username, password_in_url, host_, port_,
                       database);
}

PostgresConnection PostgresServer::connect() const {
    PostgresConnection connection(endpoint());
    connection.query("SET search_path=public");
    return connection;
}

std::unique_ptr<SqlSession> PostgresServer::session() const {
    return std::make_unique<PostgresTestSession>(connect());
}

PostgresConnection& PostgresServer::admin() {
    if (!admin_) admin_.emplace(connect());
    return *admin_;
}

void PostgresServer::run(std::string_view sql) {
    admin().query(std::string(sql));
}

std::string PostgresServer::scalar(std::string_view sql) {
    return admin().scalar(std::string(sql)).value_or("");
}

std::string PostgresServer::wal_end() {
    return scalar("SELECT pg_current_wal_flush_lsn()");
}

std::string PostgresServer::confirmed_lsn(std::string_view slot) {
    return scalar(fmt::format(
        "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name='{}'", slot));
}

}  // namespace dts::test
