// Between two kinds of database: what rows do beside their types. Names in another case, values
// that were not sent, identities, foreign keys, generated columns, exactly once after a kill.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "test/integration/cross_ground.hpp"
#include "test/servers/mariadb_server.hpp"

using namespace dts;
using namespace dts::test;

TEST_CASE("across: from MySQL, names match as written or without case, and are routed") {
    CrossGround<MariadbServer, PostgresServer> ground;
    ground.make_schemas();
    ground.source.run(
        "CREATE DATABASE `Shop`; CREATE TABLE `Shop`.`Orders` (`ID` INT PRIMARY KEY, "
        "`CustomerName` "
        "VARCHAR(20), `Key` INT, twice INT AS (`Key` * 2) STORED);"
        "CREATE TABLE s.clash (id INT PRIMARY KEY, Ab INT)");
    ground.target.run(
        "CREATE TABLE s.orders (id int PRIMARY KEY, customername text, \"Key\" int, key int "
        "DEFAULT "
        "-1, twice int GENERATED ALWAYS AS (\"Key\" * 2) STORED);"
        "CREATE TABLE s.clash (id int PRIMARY KEY, \"aB\" int, \"AB\" int)");
    TaskIni ini = ground.ini();
    ini.set("filter", "do_dbs", "s,Shop").set("router", "tb_map", "Shop.Orders:s.orders");
    WorkerProcess worker(ini, ground.folder.path());
    ground.wait_until_streaming(worker);
    ground.source.run(
        "INSERT INTO `Shop`.`Orders` (`ID`, `CustomerName`, `Key`) VALUES (1, 'a', 5), (2, 'b', 6);"
        "UPDATE `Shop`.`Orders` SET `Key` = 7 WHERE `ID` = 2;"
        "DELETE FROM `Shop`.`Orders` WHERE `ID` = 1");
    ground.wait_until_applied(worker);
    CHECK(ground.target.scalar("SELECT string_agg(o::text, ';') FROM s.orders o") ==
          "(2,b,7,-1,14)");
    ground.source.run("INSERT INTO s.clash VALUES (1, 1)");
    const auto outcome = worker.wait_for_exit();
    CHECK(outcome.status.code == 76);
    CHECK_THAT(outcome.output, Catch::Contains("differ from it in case alone"));
}

TEST_CASE("across: from Postgres, values not sent stay, rows are found by the identity") {
    CrossGround<PostgresServer, MariadbServer> ground;
    ground.make_schemas();
    ground.source.run(
        "CREATE TABLE s.t (id int PRIMARY KEY, big text, n int, u int UNIQUE);"
        "CREATE TABLE s.noted (a int NOT NULL, b int NOT NULL UNIQUE, big text);"
        "ALTER TABLE s.noted REPLICA IDENTITY USING INDEX noted_b_key;"
        "CREATE TABLE s.parent (id int PRIMARY KEY);"
        "CREATE TABLE s.child (id int PRIMARY KEY, p int REFERENCES s.parent ON DELETE CASCADE);"
        "CREATE TABLE s.\"Mixed\" (\"Id\" int PRIMARY KEY, \"Key\" text)");
    ground.target.run(
        "CREATE TABLE s.t (id INT PRIMARY KEY, big LONGTEXT, n INT, u INT UNIQUE);"
        "CREATE TABLE s.noted (a INT NOT NULL, b INT NOT NULL UNIQUE, big LONGTEXT);"
        "CREATE TABLE s.parent (id INT PRIMARY KEY);"
        "CREATE TABLE s.child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES s.parent (id) "
        "ON DELETE CASCADE);"
        "CREATE TABLE s.`Mixed` (id INT PRIMARY KEY, `key` TEXT)");
    WorkerProcess worker(ground.ini(), ground.folder.path());
    ground.wait_until_streaming(worker);
    // Not compressible: it is kept out of its row, and not sent when it does not change.
    const std::string big = "(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 1000) i)";
    ground.source.run(
        fmt::format("INSERT INTO s.t VALUES (1, {0}, 0, 10), (2, {0}, 0, 20), (3, {0}, 0, 30);"
                    "INSERT INTO s.noted VALUES (1, 1, {0}), (1, 2, {0}), (1, 3, {0});"
                    "INSERT INTO s.\"Mixed\" VALUES (1, 'a'), (2, 'b')",
                    big));
    ground.wait_until_applied(worker);
    ground.source.run(
        "UPDATE s.t SET n = 1; UPDATE s.t SET id = 9 WHERE id = 1;"
        "BEGIN; UPDATE s.t SET u = 99 WHERE id = 2; UPDATE s.t SET u = 20 WHERE id = 3; COMMIT;"
        "UPDATE s.noted SET b = 7 WHERE b = 1; UPDATE s.noted SET a = 2 WHERE b = 2;"
        "DELETE FROM s.noted WHERE b = 3; DELETE FROM s.\"Mixed\" WHERE \"Id\" = 1;"
        "BEGIN; INSERT INTO s.child SELECT 1, NULL; INSERT INTO s.parent VALUES (1), (2);"
        "INSERT INTO s.child VALUES (2, 2); DELETE FROM s.parent WHERE id = 2; COMMIT");
    ground.wait_until_applied(worker);
    CHECK(worker.stop().status.code == 0);
    const auto md5_of = [&](std::string_view table) {
        return fmt::format("SELECT md5(big) FROM s.{} LIMIT 1", table);
    };
    const auto expected = ground.source.scalar(md5_of("t"));
    CHECK(ground.target.scalar(fmt::format(
              "SELECT GROUP_CONCAT(CONCAT_WS(',', id, n, u, MD5(big) = '{}') ORDER BY id SEPARATOR "
              "';') FROM s.t",
              expected)) == "2,1,99,1;3,1,20,1;9,1,10,1");
    CHECK(ground.target.scalar(fmt::format(
              "SELECT GROUP_CONCAT(CONCAT_WS(',', a, b, MD5(big) = '{}') ORDER BY b SEPARATOR ';') "
              "FROM s.noted",
              expected)) == "2,2,1;1,7,1");
    CHECK(ground.target.scalar("SELECT GROUP_CONCAT(id) FROM s.child") == "1");
    CHECK(ground.target.scalar("SELECT GROUP_CONCAT(id) FROM s.parent") == "1");
    CHECK(ground.target.scalar("SELECT GROUP_CONCAT(`key`) FROM s.`Mixed`") == "b");
    CHECK_THAT(worker.default_log(), !Catch::Contains("were not found"));
}

TEST_CASE("across: a row that the target could not hold may be mended, or deleted") {
    CrossGround<MariadbServer, PostgresServer> ground;
    ground.make_schemas();
    ground.source.run(
        "CREATE TABLE s.t (id INT PRIMARY KEY, v DATE, n INT);"
        "INSERT INTO s.t VALUES (1, '0000-00-00', 0), (2, '2024-02-30', 0)");
    ground.target.run(
        "CREATE TABLE s.t (id int PRIMARY KEY, v date, n int);"
        "INSERT INTO s.t VALUES (1, NULL, 0), (2, NULL, 0)");
    WorkerProcess worker(ground.ini(), ground.folder.path());
    ground.wait_until_streaming(worker);
    ground.source.run("UPDATE s.t SET v = '2024-02-29' WHERE id = 1; DELETE FROM s.t WHERE id = 2");
    ground.wait_until_applied(worker);
    CHECK(worker.stop().status.code == 0);
    CHECK(ground.target.scalar("SELECT string_agg(t::text, ';') FROM s.t t") == "(1,2024-02-29,0)");
}

TEST_CASE("across: tables whose names differ in case alone do not become one") {
    CrossGround<PostgresServer, MariadbServer> ground{
        .target = MariadbServer({.extra_args = {"--lower-case-table-names=1"}})};
    ground.make_schemas();
    ground.source.run(
        "CREATE TABLE s.\"T\" (id int PRIMARY KEY, v text);"
        "CREATE TABLE s.t (id int PRIMARY KEY, v text)");
    ground.target.run("CREATE TABLE s.t (id INT PRIMARY KEY, v TEXT)");
    WorkerProcess worker(ground.ini(), ground.folder.path());
    ground.wait_until_streaming(worker);
    ground.source.run("INSERT INTO s.\"T\" VALUES (1, 'of T')");
    ground.wait_until_applied(worker);
    ground.source.run("INSERT INTO s.t VALUES (1, 'of t')");
    const auto outcome = worker.wait_for_exit();
    INFO(outcome.output);
    CHECK(outcome.status.code == 76);
    CHECK_THAT(outcome.output, Catch::Contains("lower_case_table_names") &&
                                   Catch::Contains("`s`.`T`") && Catch::Contains("`s`.`t`"));
    CHECK(ground.target.scalar("SELECT v FROM s.t") == "of T");
}
