#include "test/servers/mysql_server.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <stdexcept>
#include <unistd.h>

namespace dts::test {

namespace fs = std::filesystem;

namespace {

/// DTS_TEST_MYSQL names it, else it is where fetch-mysql puts it.
fs::path tree() {
    const char* named = std::getenv("DTS_TEST_MYSQL");
    return named != nullptr ? fs::path(named) : cache_folder() / "mysql97";
}

/// mysqld with the tree's own loader and libraries: its C library is newer than the machine's.
std::vector<std::string> mysqld() {
    const std::string root = tree().string();
    const std::string libraries = root + "/usr/lib/x86_64-linux-gnu";
    return {libraries + "/ld-linux-x86-64.so.2",
            "--library-path",
            libraries,
            root + "/usr/sbin/mysqld",
            "--no-defaults",
            "--basedir=" + root + "/usr",
            "--lc-messages-dir=" + root + "/usr/share/mysql",
            "--character-sets-dir=" + root + "/usr/share/mysql/charsets",
            "--plugin-dir=" + root + "/usr/lib/mysql/plugin",
            "--innodb-redo-log-capacity=8M",
            "--performance-schema=OFF"};
}

std::string cache_name() {
    static const std::string name = [] {
        auto args = mysqld();
        args.resize(5);
        args.push_back("--version");
        const std::string version = run_program(std::move(args));
        const auto start = version.find("Ver ") + 4;
        return "mysql-" + version.substr(start, version.find(' ', start) - start);
    }();
    return name;
}

void make_data_folder(const fs::path& folder) {
    auto args = mysqld();
    args.push_back("--initialize-insecure");
    args.push_back("--datadir=" + folder.string());
    if (geteuid() == 0) args.push_back("--user=root");
    run_program(std::move(args));
    // Names the server; each copy makes its own.
    fs::remove(folder / "auto.cnf");
}

}  // namespace

std::optional<std::string> MysqlServer::why_unavailable() {
    if (fs::exists(tree() / "usr/sbin/mysqld")) return std::nullopt;
    return fmt::format("no MySQL 9.7 in {} (test/servers/fetch-mysql makes it)", tree().string());
}

MysqlServer::MysqlServer(ServerOptions options) : DatabaseServer("mysql", std::move(options)) {
    if (const auto why = why_unavailable()) throw std::runtime_error(*why);
    copy_cached_data_folder(cache_name(), data_folder(), make_data_folder);
    start();
}

std::vector<std::string> MysqlServer::command_line() const {
    auto args = mysqld();
    args.insert(args.end(), {"--secure-file-priv=", "--mysqlx=OFF"});
    if (options().gtid) {
        args.insert(args.end(), {"--gtid-mode=ON", "--enforce-gtid-consistency=ON"});
    }
    return args;
}

}  // namespace dts::test
