// The throwaway servers themselves: what the other tests stand on.
#include <catch2/catch.hpp>

#include "test/servers/mariadb_server.hpp"
#include "test/servers/mysql_server.hpp"
#include "test/skip.hpp"

using namespace dts;
using namespace dts::test;

namespace {

void keeps_its_data(DatabaseServer& server) {
    server.run(
        "CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY); INSERT INTO d.t VALUES (1)");
    const auto before = server.binlog_end();
    const auto port = server.port();

    server.restart();
    CHECK(server.port() == port);
    CHECK(server.scalar("SELECT COUNT(*) FROM d.t") == "1");
    CHECK(server.binlog_end().file > before.file);

    server.run("INSERT INTO d.t VALUES (2)");
    server.kill();
    CHECK_THROWS_AS(server.connect(), Error);
    server.start();
    CHECK(server.scalar("SELECT COUNT(*) FROM d.t") == "2");
    CHECK(server.binlog_end().gtid_set != before.gtid_set);
}

}  // namespace

TEST_CASE("throwaway servers: a MariaDB keeps its port and data over a stop and a crash") {
    MariadbServer server;
    CHECK(server.connect().is_mariadb());
    keeps_its_data(server);
}

TEST_CASE("throwaway servers: a MySQL keeps its port and data over a stop and a crash") {
    if (const auto why = MysqlServer::why_unavailable()) return skip(*why);
    MysqlServer server;
    CHECK_FALSE(server.connect().is_mariadb());
    CHECK(server.connect().version() >= 90000);
    keeps_its_data(server);
}

TEST_CASE("throwaway servers: two at once differ in server id, port and folder") {
    MariadbServer first, second;
    CHECK(first.server_id() != second.server_id());
    CHECK(first.scalar("SELECT @@server_id") == std::to_string(first.server_id()));
    CHECK(first.port() != second.port());
    first.run("CREATE DATABASE only_here");
    CHECK(second.scalar("SELECT COUNT(*) FROM information_schema.schemata "
                        "WHERE schema_name = 'only_here'") == "0");
}

TEST_CASE("throwaway servers: accounts are not in the binlog") {
    MariadbServer server;
    CHECK(server.binlog_end().gtid_set.empty());
}

TEST_CASE("throwaway servers: a wrong option is reported with the server's words") {
    MariadbServer server;
    server.stop();
    CHECK_THROWS_WITH(server.start({"--no-such-option"}), Catch::Contains("no-such-option"));
}
