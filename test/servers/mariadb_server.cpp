#include "test/servers/mariadb_server.hpp"

#include <algorithm>
#include <unistd.h>

namespace dts::test {

namespace fs = std::filesystem;

namespace {

/// Its name tells the version: data directories of one are not given to another.
std::string cache_name() {
    static const std::string name = [] {
        const std::string version = run_program({"mariadbd", "--no-defaults", "--version"});
        const auto start = version.find("Ver ") + 4;
        return "mariadb-" + version.substr(start, version.find(' ', start) - start);
    }();
    return name;
}

void make_data_folder(const fs::path& folder) {
    // --force: it would else insist on looking this machine's name up.
    std::vector<std::string> args = {"mariadb-install-db",
                                     "--no-defaults",
                                     "--force",
                                     "--auth-root-authentication-method=normal",
                                     "--skip-test-db",
                                     "--skip-name-resolve",
                                     "--innodb-log-file-size=16M",
                                     "--datadir=" + folder.string()};
    if (geteuid() == 0) args.push_back("--user=root");
    run_program(std::move(args));
}

}  // namespace

MariadbServer::MariadbServer(ServerOptions options)
    : DatabaseServer("mariadb", std::move(options)) {
    copy_cached_data_folder(cache_name(), data_folder(), make_data_folder);
    start();
}

std::vector<std::string> MariadbServer::command_line() const {
    return {"mariadbd", "--no-defaults", "--gtid-strict-mode=1", "--innodb-log-file-size=16M",
            "--character-set-server=utf8mb4"};
}

}  // namespace dts::test
