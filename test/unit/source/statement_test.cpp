#include "lib/source/mysql/statement.hpp"

#include <catch2/catch.hpp>

using namespace dts;

TEST_CASE("statement: kinds are told whatever stands in front and however it is written") {
    CHECK(classify("BEGIN") == StatementKind::begin);
    CHECK(classify("/* app */ begin") == StatementKind::begin);
    CHECK(classify("START TRANSACTION") == StatementKind::begin);
    CHECK(classify("COMMIT") == StatementKind::commit);
    CHECK(classify("ROLLBACK") == StatementKind::rollback);
    CHECK(classify("ROLLBACK TO `a`") == StatementKind::rollback_to_savepoint);
    CHECK(classify("SAVEPOINT `a`") == StatementKind::savepoint);
    CHECK(classify("XA START X'61',X'',1") == StatementKind::xa_start);
    CHECK(classify("XA COMMIT X'61'") == StatementKind::xa_commit);
    CHECK(classify("-- c\n insert into t values(1)") == StatementKind::row_change);
    CHECK(classify("/*!40000 REPLACE */ into t values(1)") == StatementKind::row_change);
    CHECK(classify("with x as (select 1) update t set a=1") == StatementKind::row_change);
    CHECK(classify("ALTER TABLE t ADD c int") == StatementKind::definition);
    CHECK(classify("TRUNCATE t") == StatementKind::definition);
    CHECK(classify("# Dummy event") == StatementKind::nothing);
}

TEST_CASE("statement: the tables a row statement changes are found, with and without schema") {
    const auto changes = [](std::string_view sql) {
        return may_change(sql, "db",
                          [](auto schema, auto table) { return schema == "db" && table == "t"; });
    };
    CHECK(changes("insert into t values (1)"));
    CHECK(changes("INSERT IGNORE INTO `db`.`t` (a) VALUES (1)"));
    CHECK(changes("update x join t on x.a=t.a set t.b=1"));
    CHECK(changes("delete from db . t where a=1"));
    CHECK(changes("LOAD DATA LOCAL INFILE 'f' INTO TABLE t"));
    CHECK(changes("WITH c AS (SELECT 1) DELETE FROM t"));
    CHECK_FALSE(changes("insert into other.t values (1)"));
    CHECK_FALSE(changes("insert into o (t) values ('t')"));
    CHECK_FALSE(changes("update o set t=1"));
    CHECK_FALSE(changes("delete from o where t=1"));
    CHECK_FALSE(changes("insert into o values ('into t')"));
}

TEST_CASE("statement: a definition concerns a table whose name it mentions, or may") {
    CHECK(may_concern("alter table `T` add c int", "t"));
    CHECK(may_concern("DROP DATABASE x", "t1"));
    CHECK(may_concern("alter table `a``b` add c int", "a`b"));
    CHECK_FALSE(may_concern("create user u", "t1"));
}

TEST_CASE("statement: savepoints are named") {
    CHECK(savepoint_name("SAVEPOINT `my``point`") == "my`point");
    CHECK(savepoint_name("ROLLBACK TO `s`") == "s");
}
