// From MySQL and MariaDB to Postgres, and back: every row of the table of types in README.md
// through insert, update of another column, move of the key, and delete; with a key and without.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <iostream>

#include "test/integration/cross_cases.hpp"
#include "test/integration/cross_ground.hpp"
#include "test/servers/mariadb_server.hpp"
#include "test/servers/mysql_server.hpp"
#include "test/skip.hpp"

using namespace dts;
using namespace dts::test;

namespace {

constexpr const char* postgres_types =
    "CREATE EXTENSION citext SCHEMA public;"
    "CREATE TYPE s.mood AS ENUM ('sad', 'it''s ok', 'happy');"
    "CREATE DOMAIN s.positive AS int CHECK (VALUE > 0);"
    "CREATE TYPE s.pair AS (n int, t text);";

/// On the source, or the target: k_ has a key, n_ has none.
std::string tables_of(const std::vector<CrossCase>& cases, bool of_source) {
    std::string sql;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const auto& type = of_source ? cases[i].from : cases[i].to;
        sql += fmt::format(
            "CREATE TABLE s.k_{0} (id int PRIMARY KEY, v {1} NULL, n int);"
            "CREATE TABLE s.n_{0} (id int, v {1} NULL, n int);",
            i, type);
        if (!of_source) {
            sql += fmt::format("CREATE TABLE s.expected_{0} (id int PRIMARY KEY, v {1} NULL);", i,
                               type);
        }
    }
    return sql;
}

/// One of the rows with that id, which are equal.
std::string delete_one(const SqlServer& source, std::size_t table, std::size_t id) {
    if (source.kind() == SqlKind::mysql)
        return fmt::format("DELETE FROM s.n_{} WHERE id = {} LIMIT 1;", table, id);
    return fmt::format(
        "DELETE FROM s.n_{0} WHERE ctid = (SELECT min(ctid) FROM s.n_{0} WHERE id = {1});", table,
        id);
}

std::string changes_of(const SqlServer& source, const std::vector<CrossCase>& cases) {
    std::string sql;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const std::size_t last = cases[i].values.size();
        sql += fmt::format("UPDATE s.k_{0} SET n = 5;", i);
        // What was NULL, and the last value, become the first; the row of the first moves.
        sql += fmt::format("UPDATE s.k_{0} SET v = {1} WHERE id IN (0, 900);", i,
                           cases[i].values[0].first);
        sql += fmt::format("UPDATE s.k_{0} SET id = 500 WHERE id = 1;", i);
        sql += fmt::format("DELETE FROM s.k_{0} WHERE id = 901;", i);
        for (std::size_t id = 1; id <= last && cases[i].can_be_keyless; ++id) {
            sql += delete_one(source, i, id);
            sql += fmt::format("UPDATE s.n_{0} SET n = 5 WHERE id = {1};", i, id);
        }
        sql +=
            fmt::format("UPDATE s.n_{0} SET v = {1} WHERE v IS NULL;", i, cases[i].values[0].first);
    }
    return sql;
}

std::string inserts_of(const CrossCase& type, std::size_t table) {
    std::string sql = fmt::format(
        "INSERT INTO s.k_{0} VALUES (0, NULL, 0), (900, NULL, 0), (901, NULL, 0);"
        "INSERT INTO s.n_{0} VALUES (0, NULL, 0);",
        table);
    for (std::size_t i = 0; i < type.values.size(); ++i) {
        sql += fmt::format(
            "INSERT INTO s.k_{0} VALUES ({1}, {2}, 0);"
            "INSERT INTO s.n_{0} VALUES ({1}, {2}, 0), ({1}, {2}, 0);",
            table, i + 1, type.values[i].first);
    }
    return sql;
}

std::string expected_of(const CrossCase& type, std::size_t table) {
    std::string sql;
    for (std::size_t i = 0; i < type.values.size(); ++i) {
        sql += fmt::format("INSERT INTO s.expected_{} VALUES ({}, {});", table, i + 1,
                           type.values[i].second);
    }
    return sql;
}

void check_target(SqlServer& target, const CrossCase& type, std::size_t table) {
    const std::string equal = target.kind() == SqlKind::mysql
                                  ? "t.v <=> e.v AND CAST(t.v AS BINARY) <=> CAST(e.v AS BINARY)"
                                  : "t.v::text IS NOT DISTINCT FROM e.v::text";
    const auto count = [&](const std::string& from, const std::string& condition) {
        return std::stoul(target.scalar(
            fmt::format("SELECT count(*) FROM s.{0}_{1} t, s.expected_{1} e WHERE {2} AND {3}",
                        from, table, equal, condition)));
    };
    const std::size_t values = type.values.size();
    INFO(type.from << " to " << type.to);
    CHECK(count("k", "n = 5 AND t.id = e.id") == values - 1);
    CHECK(count("k", "n = 5 AND t.id IN (500, 0, 900) AND e.id = 1") == 3);
    CHECK(target.scalar(fmt::format("SELECT count(*) FROM s.k_{}", table)) ==
          std::to_string(values + 2));
    if (!type.can_be_keyless) return;
    CHECK(count("n", "n = 5 AND t.id = e.id") == values);
    CHECK(count("n", "n = 0 AND t.id = 0 AND e.id = 1") == 1);
    CHECK(target.scalar(fmt::format("SELECT count(*) FROM s.n_{}", table)) ==
          std::to_string(values + 1));
}

template <typename Ground>
void copies(Ground& ground, std::vector<CrossCase> cases, KnownBy mysql) {
    std::erase_if(cases, [&](const CrossCase& type) {
        return type.known_by != KnownBy::both && type.known_by != mysql;
    });
    auto& source = ground.source;
    auto& target = ground.target;
    ground.make_schemas();
    ground.postgres().run(postgres_types);
    source.run(tables_of(cases, true));
    target.run(tables_of(cases, false));
    for (std::size_t i = 0; i < cases.size() && source.kind() == SqlKind::postgres; ++i) {
        source.run(fmt::format("ALTER TABLE s.n_{} REPLICA IDENTITY FULL", i));
    }
    WorkerProcess worker(ground.ini(), ground.folder.path());
    ground.wait_until_streaming(worker);
    std::size_t values = 0;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        INFO(cases[i].from << " to " << cases[i].to);
        source.run(inserts_of(cases[i], i));
        target.run(expected_of(cases[i], i));
        values += cases[i].values.size();
    }
    // Some of what is changed was applied in a transaction of its own, some is merged with it.
    if (values % 2 == 0) ground.wait_until_applied(worker);
    source.run(changes_of(source, cases));
    ground.wait_until_applied(worker);
    for (std::size_t i = 0; i < cases.size(); ++i) check_target(target, cases[i], i);
    const auto outcome = worker.stop();
    INFO(outcome.output);
    CHECK(outcome.status.code == 0);
    CHECK_THAT(worker.default_log(), !Catch::Contains("were not found"));
    std::cout << fmt::format("across: {} values of {} pairs of types\n", values, cases.size());
}

}  // namespace

TEST_CASE("across: MariaDB to Postgres, every pair of types") {
    CrossGround<MariadbServer, PostgresServer> ground;
    copies(ground, mysql_to_postgres_cases(), KnownBy::mariadb);
}

TEST_CASE("across: MySQL to Postgres, every pair of types") {
    if (const auto why = MysqlServer::why_unavailable()) return skip(*why);
    CrossGround<MysqlServer, PostgresServer> ground;
    copies(ground, mysql_to_postgres_cases(), KnownBy::mysql);
}

TEST_CASE("across: Postgres to MariaDB, every pair of types") {
    CrossGround<PostgresServer, MariadbServer> ground;
    copies(ground, postgres_to_mysql_cases(), KnownBy::mariadb);
}

TEST_CASE("across: Postgres to MySQL, every pair of types") {
    if (const auto why = MysqlServer::why_unavailable()) return skip(*why);
    CrossGround<PostgresServer, MysqlServer> ground;
    copies(ground, postgres_to_mysql_cases(), KnownBy::mysql);
}
