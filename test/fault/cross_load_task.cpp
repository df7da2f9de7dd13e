#include "test/fault/cross_load_task.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <set>

#include "test/fault/load_tables.hpp"
#include "test/fault/position_history.hpp"
#include "test/servers/mariadb_server.hpp"

namespace dts::test {

namespace {

constexpr const char* slot = "dts_test";

/// The load tables of MySQL in Postgres.
constexpr const char* in_postgres =
    "CREATE SCHEMA fault_load; SET search_path = fault_load;"
    "CREATE TABLE by_id (id int PRIMARY KEY, v varchar(200), n int NOT NULL, amount numeric(12,3), "
    "at timestamptz NOT NULL);"
    "CREATE TABLE by_text (a varchar(20), b varchar(20), n int, PRIMARY KEY (a, b));"
    "CREATE TABLE by_unique (u varchar(20) NOT NULL UNIQUE, n int);"
    "CREATE TABLE two_keys (id int PRIMARY KEY, u int UNIQUE, n int);"
    "CREATE TABLE keyless (v int, s varchar(20)); CREATE INDEX ON keyless (v);"
    "CREATE TABLE latin_keys (k varchar(20) PRIMARY KEY, v text);"
    "CREATE TABLE binary_keys (k bytea PRIMARY KEY, v bytea);"
    "CREATE TABLE accounts_a (id int PRIMARY KEY, balance bigint NOT NULL);"
    "CREATE TABLE accounts_b (id int PRIMARY KEY, balance bigint NOT NULL);"
    "CREATE TABLE ledger (writer int NOT NULL, number bigint NOT NULL);"
    "CREATE INDEX ON ledger (number);"
    "CREATE TABLE ledger_totals (writer int PRIMARY KEY, entries bigint NOT NULL);"
    "SET search_path = public";

/// Those of Postgres in MariaDB.
constexpr const char* in_mariadb =
    "CREATE DATABASE fault_load CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin; USE fault_load;"
    "CREATE TABLE by_id (id INT PRIMARY KEY, v VARCHAR(200), n INT NOT NULL, amount DECIMAL(12,3), "
    "at TIMESTAMP(6) NOT NULL DEFAULT 0, twice INT AS (n * 2) STORED, big LONGTEXT);"
    "CREATE TABLE by_text (a VARCHAR(20), b VARCHAR(20), n INT, PRIMARY KEY (a, b));"
    "CREATE TABLE by_number (k DECIMAL(20,6) PRIMARY KEY, v TEXT);"
    "CREATE TABLE two_keys (id INT PRIMARY KEY, u INT UNIQUE, n INT);"
    "CREATE TABLE two_keys_next (u INT);"
    "CREATE TABLE keyless (v INT, s VARCHAR(20), KEY (v));"
    "CREATE TABLE parted (id INT PRIMARY KEY, v TEXT);"
    "CREATE TABLE accounts_a (id INT PRIMARY KEY, balance BIGINT NOT NULL);"
    "CREATE TABLE accounts_b LIKE accounts_a;"
    "CREATE TABLE ledger (writer INT NOT NULL, number BIGINT NOT NULL, KEY (number));"
    "CREATE TABLE ledger_totals (writer INT PRIMARY KEY, entries BIGINT NOT NULL)";

enum class Print { number, text, bytes, moment, decimal };
struct PrintedColumn {
    const char* name;
    Print print;
};
struct PrintedTable {
    const char* name;
    std::vector<PrintedColumn> columns;
};

std::vector<PrintedTable> printed_tables(CrossWay way) {
    std::vector<PrintedTable> tables = {
        {"two_keys", {{"id", Print::number}, {"u", Print::number}, {"n", Print::number}}},
        {"by_text", {{"a", Print::text}, {"b", Print::text}, {"n", Print::number}}},
        {"keyless", {{"v", Print::number}, {"s", Print::text}}},
        {"accounts_a", {{"id", Print::number}, {"balance", Print::number}}},
        {"accounts_b", {{"id", Print::number}, {"balance", Print::number}}},
        {"ledger", {{"writer", Print::number}, {"number", Print::number}}},
        {"ledger_totals", {{"writer", Print::number}, {"entries", Print::number}}},
    };
    PrintedTable by_id{"by_id",
                       {{"id", Print::number},
                        {"v", Print::text},
                        {"n", Print::number},
                        {"amount", Print::number},
                        {"at", Print::moment}}};
    if (way == CrossWay::postgres_to_mariadb) {
        by_id.columns.push_back({"twice", Print::number});
        by_id.columns.push_back({"big", Print::text});
        tables.push_back({"by_number", {{"k", Print::decimal}, {"v", Print::text}}});
        tables.push_back({"two_keys_next", {{"u", Print::number}}});
        tables.push_back({"parted", {{"id", Print::number}, {"v", Print::text}}});
    } else {
        tables.push_back({"by_unique", {{"u", Print::text}, {"n", Print::number}}});
        tables.push_back({"latin_keys", {{"k", Print::text}, {"v", Print::text}}});
        tables.push_back({"binary_keys", {{"k", Print::bytes}, {"v", Print::bytes}}});
    }
    tables.push_back(std::move(by_id));
    return tables;
}

std::string in_sql(const PrintedColumn& column, SqlKind kind) {
    const auto either = [&](const char* mysql, const char* postgres) {
        return fmt::format(fmt::runtime(kind == SqlKind::mysql ? mysql : postgres), column.name);
    };
    switch (column.print) {
        case Print::number:
            return either("CAST(`{}` AS CHAR)", "\"{}\"::text");
        case Print::decimal:
            return either("CAST(`{}` AS CHAR)", "\"{}\"::numeric(20,6)::text");
        case Print::text:
            return either("HEX(CONVERT(`{}` USING utf8mb4))",
                          "upper(encode(convert_to(\"{}\", 'UTF8'), 'hex'))");
        case Print::bytes:
            return either("HEX(`{}`)", "upper(encode(\"{}\", 'hex'))");
        case Print::moment:
            return either("DATE_FORMAT(`{}`, '%Y-%m-%d %H:%i:%s.%f')",
                          "to_char(\"{}\" AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')");
    }
    return {};
}

std::string rows_query(const PrintedTable& table, SqlKind kind) {
    std::string columns;
    for (const auto& column : table.columns)
        columns += fmt::format(", coalesce({}, 'NULL')", in_sql(column, kind));
    return fmt::format("SELECT concat_ws('|'{}) FROM fault_load.{}", columns, table.name);
}

std::multiset<std::string> rows_of(DatabaseServer& server, const PrintedTable& table) {
    auto connection = server.connect();
    connection.execute("SET time_zone = '+00:00'");
    auto result = connection.query(rows_query(table, SqlKind::mysql));
    std::multiset<std::string> rows;
    while (const auto row = result.next()) rows.insert(row->text(0));
    return rows;
}

std::multiset<std::string> rows_of(PostgresServer& server, const PrintedTable& table) {
    auto connection = server.connect();
    const auto result = connection.query(rows_query(table, SqlKind::postgres));
    std::multiset<std::string> rows;
    for (std::size_t i = 0; i < result.size(); ++i) rows.insert(result.text(i, 0));
    return rows;
}

}  // namespace

CrossLoadTask::CrossLoadTask(CrossWay which)
    : way(which),
      mariadb(std::make_unique<MariadbServer>()),
      postgres(std::make_unique<PostgresServer>()) {
    if (way == CrossWay::postgres_to_mariadb) {
        ini = TaskIni::postgres_cdc(*postgres, *mariadb, load_database);
        postgres->run(postgres_load_tables().create);
        mariadb->run(in_mariadb);
        postgres->run(
            fmt::format("CREATE PUBLICATION {}_publication_for_all_tables FOR ALL TABLES WITH "
                        "(publish_via_partition_root=true)",
                        slot));
        postgres->run(
            fmt::format("SELECT pg_create_logical_replication_slot('{}', 'pgoutput')", slot));
        return;
    }
    ini = TaskIni::mysql_cdc(*mariadb, *postgres, load_database);
    mariadb->run(mysql_load_tables().create);
    postgres->run(in_postgres);
    const auto start = mariadb->binlog_end();
    ini.set("extractor", "binlog_filename", start.file)
        .set("extractor", "binlog_position", std::to_string(start.position));
}

SqlServer& CrossLoadTask::source() const {
    if (way == CrossWay::postgres_to_mariadb) return *postgres;
    return *mariadb;
}

SqlServer& CrossLoadTask::target() const {
    if (way == CrossWay::postgres_to_mariadb) return *mariadb;
    return *postgres;
}

void CrossLoadTask::check_arrived(MixedLoad& load, WorkerProcess& worker) {
    load.stop();
    CHECK(load.committed() > 0);
    if (way == CrossWay::postgres_to_mariadb) {
        worker.wait_for_checkpoint(postgres->wal_end(), std::chrono::minutes(5));
    } else {
        worker.wait_for_checkpoint(mariadb->binlog_end(), std::chrono::minutes(5));
    }
    const auto outcome = worker.stop();
    INFO(outcome.output);
    CHECK(outcome.status.text() == "exit code 0");
    CHECK(differences() == "");
    const auto history = read_position_history(worker.log_folder());
    CHECK(history.faults == std::vector<std::string>{});
    CHECK(history.moves > 0);
}

std::string CrossLoadTask::differences() const {
    std::string text;
    for (const auto& table : printed_tables(way)) {
        const auto here = rows_of(*mariadb, table);
        const auto there = rows_of(*postgres, table);
        if (here == there) continue;
        text += fmt::format("{}: {} rows in MariaDB, {} in Postgres\n", table.name, here.size(),
                            there.size());
        int shown = 0;
        for (const auto& row : here) {
            if (!there.contains(row) && ++shown < 5)
                text += "  only in MariaDB: " + row.substr(0, 300) + "\n";
        }
        for (const auto& row : there) {
            if (!here.contains(row) && ++shown < 10)
                text += "  only in Postgres: " + row.substr(0, 300) + "\n";
        }
    }
    return text;
}

}  // namespace dts::test
