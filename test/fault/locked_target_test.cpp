// Other sessions in the target hold the rows that the worker writes: lock waits that time out,
// deadlocks, and KILL QUERY. It tries again, and the checkpoint stays with the changes.
#include <catch2/catch.hpp>

#include "test/fault/await.hpp"
#include "test/fault/invariant_reader.hpp"
#include "test/fault/load_task.hpp"

using namespace dts;
using namespace dts::test;

namespace {

/// The worker waits for a row lock.
constexpr const char* waits_for_row =
    "SELECT variable_value > 0 FROM information_schema.global_status "
    "WHERE variable_name = 'INNODB_ROW_LOCK_CURRENT_WAITS'";

}  // namespace

TEST_CASE("locked target: lock waits that time out are tried again") {
    auto task = LoadTask::mariadb();
    Chance chance("lock waits");
    INFO("DTS_TEST_SEED=" << chance.seed());
    task.target->run("SET GLOBAL innodb_lock_wait_timeout = 1");
    InvariantReader reader(*task.target);
    WorkerProcess worker(task.ini, task.folder.path());
    MixedLoad load(*task.source, chance);
    task.wait_until_streaming(worker);
    auto other = task.target->connect();
    for (unsigned round = 0; round < by_form(2U, 20U); ++round) {
        worker.wait_for_checkpoint(task.source->binlog_end());
        other.execute("BEGIN");
        other.execute("SELECT * FROM fault_load.accounts_b FOR UPDATE");
        worker.wait_for_line("error 1205", std::chrono::minutes(1));
        other.execute("ROLLBACK");
    }
    task.check_arrived(load, worker);
    CHECK(reader.stop() == "");
}

TEST_CASE("locked target: a deadlock that the worker loses is tried again") {
    auto task = LoadTask::mariadb();
    task.source->run(
        "INSERT INTO fault_load.accounts_a VALUES (1, 0); INSERT INTO fault_load.accounts_b VALUES "
        "(1, 0)");
    WorkerProcess worker(task.ini, task.folder.path());
    worker.wait_for_checkpoint(task.source->binlog_end());
    auto other = task.target->connect();
    other.execute("USE fault_load");
    // The one that changed fewer rows is rolled back: not this one.
    other.execute("BEGIN");
    other.execute("INSERT INTO fault_load.by_id (id) SELECT -seq FROM seq_1_to_1000");
    other.execute("UPDATE fault_load.accounts_b SET balance = balance WHERE id = 1");
    task.source->run(
        "BEGIN; UPDATE fault_load.accounts_a SET balance = 5 WHERE id = 1;"
        "INSERT INTO fault_load.ledger VALUES (1, 1);"
        "UPDATE fault_load.accounts_b SET balance = 5 WHERE id = 1; COMMIT");
    wait_for_sql(*task.target, waits_for_row, &worker);
    other.execute("UPDATE fault_load.accounts_a SET balance = balance WHERE id = 1");
    worker.wait_for_line("error 1213");
    other.execute("ROLLBACK");
    task.check_arrived(worker);
}

TEST_CASE("locked target: a statement that is killed is tried again") {
    auto task = LoadTask::mariadb();
    WorkerProcess worker(task.ini, task.folder.path());
    worker.wait_for_checkpoint(task.source->binlog_end());
    auto other = task.target->connect();
    for (int round = 0; round < 3; ++round) {
        other.execute("LOCK TABLES fault_load.ledger WRITE");
        task.source->run(
            "BEGIN; INSERT INTO fault_load.keyless VALUES (1, 'once');"
            "INSERT INTO fault_load.ledger VALUES (1, 1); COMMIT");
        const std::string waits =
            "FROM information_schema.processlist WHERE state LIKE 'Waiting for table%'";
        wait_for_sql(*task.target, "SELECT COUNT(*) > 0 " + waits, &worker);
        task.target->run("KILL QUERY " + task.target->scalar("SELECT id " + waits + " LIMIT 1"));
        worker.wait_for_line("WARN");
        other.execute("UNLOCK TABLES");
        worker.wait_for_checkpoint(task.source->binlog_end());
    }
    task.check_arrived(worker);
}
