// Postgres: a worker that is killed among definition statements. Each is applied exactly once: one
// that was applied without the position would be refused when it comes again (the column is there),
// one that was lost would refuse the rows behind it.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <iostream>

#include "test/fault/await.hpp"
#include "test/fault/nemesis.hpp"
#include "test/fault/postgres_load_task.hpp"
#include "test/servers/readme_sql.hpp"

using namespace dts;
using namespace dts::test;

namespace {

constexpr int columns_of_a_table = 20;

std::string definitions(PostgresServer& server) {
    return server.scalar(fmt::format(
        "SELECT md5(string_agg(concat_ws(' ', table_name, ordinal_position, column_name, "
        "column_default), ',' ORDER BY table_name, ordinal_position)) FROM "
        "information_schema.columns WHERE table_schema='{}'",
        load_database));
}

/// Rows before and behind each statement, in its transaction.
void run_transaction(PostgresConnection& source, int number) {
    const std::string table = fmt::format("{}.d{}", load_database, number / columns_of_a_table);
    const int column = number % columns_of_a_table;
    source.query("BEGIN");
    source.query(fmt::format("INSERT INTO {}.keyless (v) VALUES ('{}')", load_database, number));
    if (column == 0) {
        source.query(fmt::format("CREATE TABLE {} (id int PRIMARY KEY)", table));
    } else {
        source.query(fmt::format("ALTER TABLE {} ADD c{} int DEFAULT {}", table, column, number));
    }
    source.query(fmt::format("INSERT INTO {} (id) VALUES ({})", table, number));
    source.query("COMMIT");
}

}  // namespace

TEST_CASE("postgres: SIGKILL among definition statements: each is applied exactly once") {
    PostgresLoadTask task;
    task.source->run(ddl_trigger_sql());
    task.ini.set("extractor", "ddl_meta_tb", "dts.ddl").set("filter", "do_ddls", "*");
    Chance chance("SIGKILL, postgres, definitions");
    INFO("DTS_TEST_SEED=" << chance.seed());
    Nemesis nemesis(*task.target, chance);
    nemesis.after_each_kill([&] { CHECK(task.slot_fault() == ""); });
    auto source = task.source->connect();
    int transactions = 0;
    for (unsigned kill = 0; kill < by_form(10U, 200U); ++kill) {
        // Enough for the kill to find some that are not applied yet.
        for (int i = 0; i < 60; ++i) run_transaction(source, transactions++);
        nemesis.kill_one(task.ini, task.folder.path(), std::chrono::milliseconds(400));
    }
    run_transaction(source, transactions++);
    WorkerProcess worker(task.ini, task.folder.path());
    task.check_arrived(worker);
    CHECK(definitions(*task.target) == definitions(*task.source));
    std::cout << fmt::format("SIGKILL, postgres, definitions: {}; {} definition statements\n",
                             nemesis.count().text(), transactions);
    CHECK(nemesis.count().streaming > 0);
}
