// The measure that dts is compared with, and the comparison itself.
#include "test/servers/native_replica.hpp"

#include <catch2/catch.hpp>

#include "test/servers/compare_tables.hpp"
#include "test/servers/mariadb_server.hpp"
#include "test/servers/mysql_server.hpp"
#include "test/skip.hpp"

using namespace dts;
using namespace dts::test;

namespace {

void follows(DatabaseServer& source, DatabaseServer& replica) {
    const auto start = source.binlog_end();
    source.run(
        "CREATE DATABASE d; CREATE TABLE d.keyed (id INT PRIMARY KEY, t VARCHAR(20));"
        "CREATE TABLE d.keyless (v INT); INSERT INTO d.keyed VALUES (1, 'a'), (2, NULL);"
        "INSERT INTO d.keyless VALUES (7), (7)");
    NativeReplica native(source, replica, start);
    native.start();
    native.wait_for(source.binlog_end());

    auto left = source.connect();
    auto right = replica.connect();
    CHECK(compare_databases(left, right, "d") == "");

    native.stop();
    source.run("INSERT INTO d.keyless VALUES (7)");
    CHECK_THAT(compare_tables(left, right, "d.keyless"),
               Catch::Contains("1 times more on the left"));
    replica.run("UPDATE d.keyed SET t = '' WHERE id = 2");
    CHECK_THAT(compare_tables(left, right, "d.keyed"), Catch::Contains("2 rows differ"));
    replica.run("CREATE TABLE d.more (id INT)");
    CHECK_THAT(compare_databases(left, right, "d"), Catch::Contains("d.more is not on the left"));
}

}  // namespace

TEST_CASE("native replica: a MariaDB follows another, and the comparison sees each difference") {
    MariadbServer source, replica;
    follows(source, replica);
}

TEST_CASE("native replica: a MySQL follows another, and the comparison sees each difference") {
    if (const auto why = MysqlServer::why_unavailable()) return skip(*why);
    MysqlServer source, replica;
    follows(source, replica);
}
