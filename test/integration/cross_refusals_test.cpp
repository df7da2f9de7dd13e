// What cannot be held by the other kind of database stops the task with 76 before anything of the
// row is written: types when the table is first met, values when they come.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "test/integration/cross_ground.hpp"
#include "test/servers/mariadb_server.hpp"

using namespace dts;
using namespace dts::test;

namespace {

struct Refusal {
    std::string from;
    std::string to;
    std::string good;               ///< a value that can be held; empty: the types cannot
    std::string bad;                ///< and one that cannot
    std::vector<std::string> says;  ///< parts of the message
};

/// A table, a task and a checkpoint for each. The row before the bad one's transaction arrives.
template <typename Ground>
void refuses(Ground& ground, const std::vector<Refusal>& refusals) {
    ground.make_schemas();
    ground.source.run(ground.from_postgres ? "SELECT 1" : "SET sql_mode='ALLOW_INVALID_DATES'");
    for (std::size_t i = 0; i < refusals.size(); ++i) {
        const Refusal& refusal = refusals[i];
        INFO(refusal.from << " to " << refusal.to << ": " << refusal.bad);
        const auto table = fmt::format("s.t_{}", i);
        ground.source.run(
            fmt::format("CREATE TABLE {} (id int PRIMARY KEY, v {})", table, refusal.from));
        ground.target.run(
            fmt::format("CREATE TABLE {} (id int PRIMARY KEY, v {})", table, refusal.to));
        TaskIni ini = ground.ini();
        ini.set("filter", "do_tbs", table).remove("filter", "do_dbs");
        if (ground.from_postgres) ini.set("extractor", "slot_name", fmt::format("slot_{}", i));
        WorkerProcess worker(ini, ground.folder.path(), {}, fmt::format("task_{}", i));
        ground.wait_until_streaming(worker);
        if (!refusal.good.empty()) {
            ground.source.run(fmt::format("INSERT INTO {} VALUES (7, {})", table, refusal.good));
            ground.wait_until_applied(worker);
        }
        ground.source.run(fmt::format("INSERT INTO {} VALUES (8, {})", table, refusal.bad));
        const auto outcome = worker.wait_for_exit();
        INFO(outcome.output);
        CHECK(outcome.status.code == 76);
        for (const auto& part : refusal.says) CHECK_THAT(outcome.output, Catch::Contains(part));
        CHECK(ground.target.scalar(fmt::format("SELECT count(*) FROM {}", table)) ==
              (refusal.good.empty() ? "0" : "1"));
    }
}

}  // namespace

TEST_CASE("across: what MySQL holds and Postgres cannot stops the task") {
    CrossGround<MariadbServer, PostgresServer> ground;
    refuses(
        ground,
        {
            {"DATE",
             "date",
             "'2024-02-29'",
             "'0000-00-00'",
             {"row id=8", "'0000-00-00'", "column v (DATE)", "no date that exists", "HINT"}},
            {"DATE", "date", "'2024-02-29'", "'2024-00-00'", {"no date that exists"}},
            {"DATETIME",
             "timestamp",
             "'2024-02-28'",
             "'2024-02-30 01:00:00'",
             {"no date that exists"}},
            {"TIMESTAMP NULL",
             "timestamptz",
             "'2024-02-28'",
             "'0000-00-00 00:00:00'",
             {"no date that exists"}},
            {"TIME", "time", "'24:00:00'", "'24:00:01'", {"interval"}},
            {"TIME", "time", "'00:00:00'", "'-00:00:01'", {"interval"}},
            {"BIGINT UNSIGNED",
             "bigint",
             "9223372036854775807",
             "9223372036854775808",
             {"9223372036854775808", "BIGINT UNSIGNED", "(bigint)", "numeric(20)"}},
            {"INT", "smallint", "-32768", "-32769", {"out of that type's range"}},
            {"TINYINT(1)", "boolean", "1", "2", {"neither 0 nor 1"}},
            {"VARCHAR(10)", "text", "'a'", "'a\\0b'", {"zero byte", "bytea"}},
            {"VARCHAR(10)", "varchar(3)", "'abc'", "'abc '", {"4 characters"}},
            {"VARCHAR(10)", "jsonb", "'1'", "'{'", {"22P02"}},
            {"DECIMAL(10,3)",
             "numeric(10,2)",
             "",
             "1.5",
             {"DECIMAL(10,3)", "numeric(10,2)", "round", "HINT"}},
            {"DATETIME(6)", "timestamp(3)", "", "'2024-02-28'", {"round"}},
            {"BIT(4)", "bit(5)", "", "b'1'", {"the lengths differ"}},
            {"BLOB",
             "text",
             "",
             "'x'",
             {"column v of source table `s`", "is binary", "is text", "README.md", "ignore_cols"}},
            {"BINARY(16)", "uuid", "", "'x'", {"nothing is written"}},
            {"POINT", "bytea", "", "ST_GeomFromText('POINT(1 2)')", {"GEOMETRY"}},
            {"INT", "text", "", "1", {"nothing is written"}},
        });
}

TEST_CASE("across: what Postgres holds and MySQL cannot stops the task") {
    CrossGround<PostgresServer, MariadbServer> ground;
    refuses(ground,
            {
                {"numeric",
                 "DECIMAL(10,2)",
                 "1.50",
                 "'NaN'",
                 {"row id='8'", "'NaN'", "column v (numeric)", "DECIMAL(10,2)", "HINT"}},
                {"numeric", "DECIMAL(10,2)", "1.50", "'Infinity'", {"neither NaN nor infinity"}},
                {"numeric", "DECIMAL(10,2)", "1.500", "1.501", {"round"}},
                {"double precision", "DOUBLE", "1.5", "'NaN'", {"neither NaN nor infinity"}},
                {"date", "DATE", "'2024-02-29'", "'0044-03-15 BC'", {"1 to 9999"}},
                {"date", "DATE", "'2024-02-29'", "'infinity'", {"infinity"}},
                {"timestamp",
                 "DATETIME(3)",
                 "'2024-02-29 01:02:03.120'",
                 "'2024-02-29 01:02:03.1234'",
                 {"round", "DATETIME(6)"}},
                {"timestamptz",
                 "TIMESTAMP",
                 "'2024-02-29'",
                 "'1970-01-01 00:00:00+00'",
                 {"1970-01-01 00:00:01"}},
                {"bigint", "INT", "2147483647", "2147483648", {"out of that type's range"}},
                {"integer", "YEAR", "2024", "24", {"YEAR holds"}},
                {"integer[]", "TEXT", "'{1}'", "'[2:3]={7,8}'", {"bounds"}},
                {"varchar(10)", "VARCHAR(3)", "'abc'", "'abcd'", {"1406"}},
                {"numeric(10,3)", "DECIMAL(10,2)", "", "1.5", {"numeric(10,3)", "round", "HINT"}},
                {"bit(5)", "BIT(4)", "", "B'10000'", {"fewer bits"}},
                {"varbit", "BIT(4)", "", "B'1'", {"nothing is written"}},
                {"bytea",
                 "TEXT",
                 "",
                 "'x'",
                 {"column v of source table \"s\"", "is bytea", "README.md", "ignore_cols"}},
                {"interval", "TIME", "", "'1 hour'", {"nothing is written"}},
                {"double precision", "FLOAT", "", "1", {"nothing is written"}},
                {"text", "VARCHAR(10) UNIQUE", "", "'a'", {"unique key", "nopad_bin"}},
                {"text",
                 "VARCHAR(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin UNIQUE",
                 "'a'",
                 "'a '",
                 {"spaces at its end", "NO PAD"}},
            });
}
