// Every type with its edge values, inserted, changed and deleted at the source, is the same at the
// target: between all kinds of servers, merged and row by row.
#include <catch2/catch.hpp>

#include "test/integration/server_pair.hpp"
#include "test/integration/type_cases.hpp"
#include "test/servers/mysql_server.hpp"
#include "test/skip.hpp"

using namespace dts;
using namespace dts::test;

namespace {

constexpr auto lenient =
    "SET sql_mode='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', "
    "time_zone='+00:00', NAMES utf8mb4;";

std::vector<TypeCase> cases_known_by(bool mariadb, bool mysql) {
    std::vector<TypeCase> cases;
    for (const auto& type : type_cases()) {
        if (mariadb && type.known_by == KnownBy::mysql) continue;
        if (mysql && type.known_by == KnownBy::mariadb) continue;
        cases.push_back(type);
    }
    return cases;
}

void copies_all_types(DatabaseServer& source, DatabaseServer& target,
                      const std::vector<TypeCase>& cases, const char* parallel_type) {
    const TempFolder folder("task");
    std::string tables = lenient, rows = lenient, changes = lenient;
    for (const auto& type : cases) {
        tables += create_tables(type);
        rows += insert_rows(type);
        changes += change_rows(type);
    }
    tables += create_wide_table(cases);
    rows += insert_wide_rows(cases);
    changes += change_wide_rows(cases);
    for (auto* server : {&source, &target}) {
        server->run(
            "DROP DATABASE IF EXISTS d; DROP DATABASE IF EXISTS dts_metadata;"
            "CREATE DATABASE d CHARACTER SET utf8mb4");
        server->run(tables);
    }
    TaskIni ini = TaskIni::mysql_cdc(source, target, "d");
    ini.set("parallelizer", "parallel_type", parallel_type);
    WorkerProcess worker(ini, folder.path());
    worker.wait_for_line("MysqlCdcExtractor starts");

    auto left = source.connect();
    auto right = target.connect();
    source.run(rows);
    worker.wait_for_checkpoint(source.binlog_end());
    CHECK(compare_databases(left, right, "d") == "");
    source.run(changes);
    worker.wait_for_checkpoint(source.binlog_end());
    CHECK(compare_databases(left, right, "d") == "");
    CHECK(worker.stop().status.code == 0);
}

void copies_all_types(DatabaseServer& source, DatabaseServer& target,
                      const std::vector<TypeCase>& cases) {
    for (const auto* parallel_type : {"rdb_merge", "serial"}) {
        INFO("parallel_type=" << parallel_type);
        copies_all_types(source, target, cases, parallel_type);
    }
}

}  // namespace

TEST_CASE("all types: MariaDB to MariaDB") {
    MariadbServer source, target;
    copies_all_types(source, target, cases_known_by(true, false));
}

TEST_CASE("all types: MariaDB to MariaDB, names and types in the binlog, servers in other zones") {
    ServerOptions options;
    options.binlog_row_metadata = "FULL";
    options.extra_args = {"--default-time-zone=+05:30"};
    MariadbServer source(options);
    options.extra_args = {"--default-time-zone=-08:00"};
    MariadbServer target(options);
    copies_all_types(source, target, cases_known_by(true, false), "rdb_merge");
}

TEST_CASE("all types: MySQL to MySQL") {
    if (const auto why = MysqlServer::why_unavailable()) return skip(*why);
    MysqlServer source, target;
    copies_all_types(source, target, cases_known_by(false, true));
}

TEST_CASE("all types: MySQL to MySQL, names and types in the binlog, compressed transactions") {
    if (const auto why = MysqlServer::why_unavailable()) return skip(*why);
    ServerOptions options;
    options.binlog_row_metadata = "FULL";
    options.extra_args = {"--binlog-transaction-compression=ON"};
    MysqlServer source(options), target(options);
    copies_all_types(source, target, cases_known_by(false, true), "rdb_merge");
}

TEST_CASE("all types: MariaDB to MySQL, what both know") {
    if (const auto why = MysqlServer::why_unavailable()) return skip(*why);
    MariadbServer source;
    MysqlServer target;
    copies_all_types(source, target, cases_known_by(true, true));
}

TEST_CASE("all types: MySQL to MariaDB, what both know") {
    if (const auto why = MysqlServer::why_unavailable()) return skip(*why);
    MysqlServer source;
    MariadbServer target;
    copies_all_types(source, target, cases_known_by(true, true));
}
