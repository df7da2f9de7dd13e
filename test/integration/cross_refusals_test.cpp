// What cannot be held by the other kind of database stops the task with 76 before anything of the
// row is written: types when the table is first met, values when they come.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "test/integration/cross_ground.hpp"
#include "test/servers/mariadb_server.hpp"
#include "test/servers/mysql_server.hpp"
#include "test/skip.hpp"

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
    ground.postgres().run(
        "CREATE EXTENSION citext SCHEMA public;"
        "CREATE COLLATION s.no_case (provider=icu, locale='und-u-ks-level2', deterministic=false)");
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
            {"VARCHAR(10)", "char(10)", "'abc'", "'abc '", {"spaces at its end", "varchar"}},
            {"TIME(6)", "interval(3)", "", "'1:00:00'", {"cut a part of it"}},
            {"TIME", "interval hour", "", "'1:00:00'", {"cut a part of it"}},
            {"INT", "numeric(3,-2)", "", "1", {"round"}},
            {"INT NULL", "int NOT NULL", "1", "NULL", {"it is NULL", "NOT NULL"}},
            {"JSON", "jsonb", "'[1]'", "'[\"\\\\u0000\"]'", {"22P05"}},
            {"VARCHAR(10)", "public.citext UNIQUE", "", "'a'", {"its type", "unique key"}},
            {"VARCHAR(10)", "inet UNIQUE", "", "'1.2.3.4'", {"its type", "unique key"}},
            {"VARCHAR(10)", "text COLLATE s.no_case UNIQUE", "", "'a'", {"collation no_case"}},
            {"CHAR(36)",
             "uuid UNIQUE",
             "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
             "'A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11'",
             {"another spelling"}},
        });
}

TEST_CASE("across: what Postgres holds and MySQL cannot stops the task") {
    CrossGround<PostgresServer, MariadbServer> ground{
        .source = PostgresServer({"max_replication_slots=100"})};  // one for each task
    refuses(
        ground,
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
            {"varchar(10)", "VARCHAR(3)", "'abc'", "'abcd'", {"it has 4 characters"}},
            {"varchar(10)", "VARCHAR(3)", "'日本語'", "'日本語 '", {"it has 4 characters"}},
            {"text", "TINYTEXT", "rpad('x', 255)", "rpad('x', 256)", {"it has 256 bytes"}},
            {"text", "CHAR(5)", "'ab'", "'ab '", {"a CHAR loses", "VARCHAR"}},
            {"bytea", "BINARY(4)", "'\\x00010203'", "'\\x0001'", {"2 bytes", "VARBINARY"}},
            {"text", "ENUM('sad','y')", "'sad'", "'SAD'", {"none of the target column's labels"}},
            {"text", "ENUM('sad','y')", "'y'", "'1'", {"none of the target column's labels"}},
            {"text", "VARCHAR(9) CHARACTER SET latin1", "'é€'", "'日'", {"1366", "`s`.`t_"}},
            {"timestamptz",
             "TIMESTAMP NOT NULL DEFAULT 0",
             "'2024-01-01'",
             "NULL",
             {"it is NULL", "NOT NULL"}},
            {"timestamptz", "TIMESTAMP", "'2024-01-01'", "'2999-01-01'", {"1292"}},
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
            {"jsonb", "VARCHAR(50) UNIQUE", "", "'{}'", {"unique key", "nopad_bin"}},
            {"text",
             "VARCHAR(99) COLLATE utf8mb4_nopad_bin, UNIQUE KEY p (v(10))",
             "",
             "'a'",
             {"unique key p of target table `s`.`t_", "part of its columns"}},
            {"text",
             "VARCHAR(99), l VARCHAR(99) AS (LOWER(v)) STORED UNIQUE",
             "",
             "'a'",
             {"unique key l", "computed"}},
            {"text",
             "VARCHAR(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin UNIQUE",
             "'a'",
             "'a '",
             {"spaces at its end", "NO PAD"}},
        });
}

TEST_CASE("across: a number that a JSON of MySQL would round stops the task") {
    if (const auto why = MysqlServer::why_unavailable()) return skip(*why);
    CrossGround<PostgresServer, MysqlServer> ground;
    refuses(ground, {{"jsonb",
                      "JSON",
                      "'[1.10, 18446744073709551615, 1e300]'",
                      "'{\"a\": [12345678901234567890123]}'",
                      {"12345678901234567890123", "digits", "LONGTEXT"}},
                     {"numeric[]", "JSON", "'{0.10}'", "'{0.12345678901234567890}'", {"digits"}}});
}

TEST_CASE("across: a value that is refused at the end of a large transaction leaves none of it") {
    CrossGround<MariadbServer, PostgresServer> ground;
    ground.make_schemas();
    ground.source.run("CREATE TABLE s.t (id INT PRIMARY KEY, v DATE)");
    ground.target.run("CREATE TABLE s.t (id int PRIMARY KEY, v date)");
    TaskIni ini = ground.ini();
    ini.set("pipeline", "buffer_size", "100");
    WorkerProcess worker(ini, ground.folder.path());
    ground.wait_until_streaming(worker);
    ground.source.run(
        "BEGIN; INSERT INTO s.t SELECT seq, '2024-01-01' FROM s.seq_1_to_5000;"
        "INSERT INTO s.t VALUES (6000, '0000-00-00'); COMMIT");
    const auto outcome = worker.wait_for_exit();
    INFO(outcome.output);
    CHECK(outcome.status.code == 76);
    CHECK_THAT(outcome.output, Catch::Contains("row id=6000"));
    CHECK(ground.target.scalar("SELECT count(*) FROM s.t") == "0");
    // With the column made wide enough it goes on, from where it was.
    ground.target.run("ALTER TABLE s.t ALTER v TYPE text");
    WorkerProcess again(ini, ground.folder.path());
    ground.wait_until_applied(again);
    CHECK(again.stop().status.code == 0);
    CHECK(ground.target.scalar("SELECT count(*) || ' ' || max(v) || ' ' || min(v) FROM s.t") ==
          "5001 2024-01-01 0000-00-00");
}

TEST_CASE("across: TRUNCATE and two-way syncs are refused by name") {
    const TempFolder folder("task");
    const auto refused = [&](std::string_view source, std::string_view sink,
                             std::string_view more) {
        const auto url = [](std::string_view kind) {
            return kind == "pg" ? "postgres://u@h/d" : "mysql://u@h";
        };
        write_file(folder / "t.ini",
                   fmt::format("[extractor]\ndb_type={}\nextract_type=cdc\nserver_id=7\nslot_name=a"
                               "\nurl={}\n[sinker]\ndb_type={}\nurl={}\n{}",
                               source, url(source), sink, url(sink), more));
        const auto outcome = run_worker({(folder / "t.ini").string(), "--check"});
        CHECK(outcome.status.code == 78);
        return outcome.output;
    };
    for (const auto& [source, sink] : {std::pair("pg", "mysql"), std::pair("mysql", "pg")}) {
        CHECK_THAT(refused(source, sink, "[filter]\ndo_ddls=truncate_table\n"),
                   Catch::Contains("truncate_table is not built yet but from pg to pg"));
        CHECK_THAT(refused(source, sink, "[data_marker]\nsrc_node=a\n"),
                   Catch::Contains("is not built yet but from pg to pg"));
    }
}
