// ENUM's error value, ordinal 0, arrives as what it is, and a row that holds it is written as
// strictly as any other.
#include <catch2/catch.hpp>

#include "test/integration/server_pair.hpp"
#include "test/servers/mysql_server.hpp"
#include "test/skip.hpp"

using namespace dts;
using namespace dts::test;

namespace {

constexpr auto tables =
    "CREATE DATABASE d; USE d;"
    "CREATE TABLE own (id INT PRIMARY KEY, e ENUM('a','b') NOT NULL, v VARCHAR(9));"
    "CREATE TABLE labels (id INT PRIMARY KEY, e ENUM('a','b'));"
    "CREATE TABLE uni (id INT PRIMARY KEY, e ENUM('a','b'), v VARCHAR(9), UNIQUE (e, v));"
    "CREATE TABLE narrow (id INT PRIMARY KEY, e ENUM('a','b'), v VARCHAR(9), f ENUM('a','b'));";

/// Ordinals, since a label may be empty.
std::string ordinals(DatabaseServer& server, const char* table) {
    return server.scalar(
        fmt::format("SELECT GROUP_CONCAT(id, ':', COALESCE(e+0, 'NULL') "
                    "ORDER BY id) FROM d.{}",
                    table));
}

template <typename Source, typename Target>
void arrives(const char* parallel_type) {
    INFO("parallel_type=" << parallel_type);
    ServerPair<Source, Target> pair;
    pair.run_on_both(tables);
    pair.source.run("SET sql_mode=''");
    // A column of the target's own, labels in another order, a row that is there already.
    pair.target.run(
        "ALTER TABLE own ADD mine INT NOT NULL DEFAULT 7, ADD UNIQUE (v);"
        "ALTER TABLE labels MODIFY e ENUM('b','x','a');"
        "INSERT INTO uni VALUES (1,'a','old'),(9,'b','u')");
    auto ini = pair.ini();
    ini.set("parallelizer", "parallel_type", parallel_type);
    WorkerProcess worker(ini, pair.folder.path());
    worker.wait_for_line("MysqlCdcExtractor starts");
    pair.source.run(
        "INSERT INTO own VALUES (1,'zzz','1'),(2,'a','2'),(3,'','3');"
        "UPDATE own SET e='no', v='x' WHERE id=2; UPDATE own SET e='b' WHERE id=1;"
        "INSERT INTO labels VALUES (1,'zzz'),(2,'b'),(3,NULL),(4,'a'); UPDATE labels SET e='' "
        "WHERE id=4;"
        "BEGIN; INSERT INTO uni VALUES (1,'zzz','t'),(2,'a','t'),(3,'zzz','u'); "
        "DELETE FROM uni WHERE id=3; UPDATE uni SET e=0, v='w' WHERE id=2; "
        "INSERT INTO uni VALUES (9,'q','u'); COMMIT");
    worker.wait_for_checkpoint(pair.source.binlog_end());
    CHECK(ordinals(pair.target, "own") == "1:2,2:0,3:0");
    CHECK(pair.target.scalar("SELECT SUM(mine) FROM d.own") == "21");
    CHECK(ordinals(pair.target, "labels") == "1:0,2:1,3:NULL,4:0");
    CHECK(ordinals(pair.target, "uni") == "1:0,2:0,9:0");

    // Neither another column nor another ENUM is cut with it.
    pair.target.run("ALTER TABLE narrow MODIFY v VARCHAR(3), MODIFY f ENUM('a')");
    pair.source.run("INSERT INTO narrow VALUES (1,'zzz','four','a'),(2,'zzz','one','b')");
    const auto outcome = worker.wait_for_exit();
    CHECK(outcome.status.code == 76);
    CHECK_THAT(worker.default_log(), Catch::Contains("`d`.`narrow`") && Catch::Contains("1265"));
    CHECK(pair.target.scalar("SELECT COUNT(*) FROM d.narrow") == "0");
}

}  // namespace

TEST_CASE("ENUM's error value: MariaDB to MariaDB, and nothing else is cut") {
    for (const auto* parallel_type : {"rdb_merge", "serial"}) {
        arrives<MariadbServer, MariadbServer>(parallel_type);
    }
}

TEST_CASE("ENUM's error value: MySQL to MySQL, and nothing else is cut") {
    if (const auto why = MysqlServer::why_unavailable()) return skip(*why);
    for (const auto* parallel_type : {"rdb_merge", "serial"}) {
        arrives<MysqlServer, MysqlServer>(parallel_type);
    }
}

TEST_CASE("ENUM's error value: sql.log holds it for both kinds of servers") {
    ServerPair<MariadbServer, MariadbServer> pair;
    pair.run_on_both(tables);
    auto ini = pair.ini();
    ini.set("sinker", "sink_type", "sql").set("sinker", "replace", "false");
    WorkerProcess worker(ini, pair.folder.path());
    worker.wait_for_line("MysqlCdcExtractor starts");
    pair.source.run(
        "SET sql_mode='';"
        "INSERT INTO uni VALUES (1,'zzz','t'),(2,'a','t'); UPDATE uni SET e=0, v='w' WHERE id=2");
    worker.wait_for_checkpoint(pair.source.binlog_end());
    worker.stop();
    const std::string sql = read_file(worker.log_folder() / "sql.log");
    pair.target.run(sql);
    CHECK(ordinals(pair.target, "uni") == "1:0,2:0");
    CHECK_THAT(pair.target.scalar("SELECT @@sql_mode"), Catch::Contains("STRICT_ALL_TABLES"));
    if (const auto why = MysqlServer::why_unavailable()) return skip(*why);
    MysqlServer mysql;
    mysql.run(tables);
    mysql.run(sql);
    CHECK(ordinals(mysql, "uni") == "1:0,2:0");
}
