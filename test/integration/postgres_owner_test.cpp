// Postgres: one task, one worker. The slot serves one of two, and the checkpoint belongs to one.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "test/integration/postgres_pair.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;

namespace {

struct TwoWorkers : PostgresPair {
    TwoWorkers() { run_on_both("CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY)"); }
    TempFolder second_folder{"task2"};
};

}  // namespace

TEST_CASE("postgres: a second worker does not get the slot of one that is alive, and says whose") {
    TwoWorkers t;
    WorkerProcess first(t.ini(), t.folder.path());
    first.wait_for_line("PgCdcExtractor starts");
    WorkerProcess second(t.ini(), t.second_folder.path());
    // It says so once it has seen that the other one is alive, and does not try again.
    const auto outcome = second.wait_for_exit(std::chrono::seconds(60));
    CHECK(outcome.status.code == 73);
    CHECK_THAT(outcome.output, Contains("replication slot dts_test is in use by connection") &&
                                   Contains("of 'task' from 127.0.0.1") &&
                                   Contains("on_conflict=take_over"));
    CHECK_THAT(outcome.output, !Contains("retry") && !Contains("given up"));
    t.source.run("INSERT INTO s.t VALUES (1)");
    CHECK(t.arrive_and_stop(first) == "exit code 0");
    CHECK(t.differences() == "");
}

TEST_CASE("postgres: a worker that takes the task over gets slot and checkpoint, the other ends") {
    TwoWorkers t;
    WorkerProcess first(t.ini(), t.folder.path());
    first.wait_for_line("PgCdcExtractor starts");
    t.source.run("INSERT INTO s.t VALUES (1)");
    first.wait_for_checkpoint(t.source.wal_end());
    const auto checkpoint = t.target_checkpoint();
    TaskIni ini = t.ini();
    ini.set("global", "on_conflict", "take_over").set("resumer", "resume_type", "from_target");
    ini.remove("resumer", "resume_from_log");
    WorkerProcess second(ini, t.second_folder.path());
    second.wait_for_line("PgCdcExtractor starts");
    const auto outcome = first.wait_for_exit(std::chrono::seconds(60));
    CHECK(outcome.status.code == 73);
    CHECK_THAT(outcome.output, Contains("is held by another worker"));
    t.source.run("INSERT INTO s.t VALUES (2)");
    CHECK(t.arrive_and_stop(second) == "exit code 0");
    CHECK(t.differences() == "");
}

TEST_CASE("postgres: a target whose checkpoint was wiped is refused") {
    TwoWorkers t;
    {
        WorkerProcess worker(t.ini(), t.folder.path());
        worker.wait_for_line("PgCdcExtractor starts");
        t.source.run("INSERT INTO s.t VALUES (1)");
        REQUIRE(t.arrive_and_stop(worker) == "exit code 0");
    }
    t.target.run("DELETE FROM dts_metadata.task_position");
    WorkerProcess worker(t.ini(), t.folder.path());
    const auto outcome = worker.wait_for_exit();
    CHECK(outcome.status.code == 65);
    CHECK_THAT(outcome.output, Contains("the target has lost its checkpoint"));
}

TEST_CASE("postgres: a worker whose checkpoint another one has taken writes nothing") {
    // The checkpoint goes to the target in one message with the rows behind it.
    const bool row_is_refused = GENERATE(false, true);
    const unsigned rows = GENERATE(1U, 10U);  // in a statement, or copied
    TwoWorkers t;
    WorkerProcess worker(t.ini(), t.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    t.source.run("INSERT INTO s.t VALUES (1)");
    worker.wait_for_checkpoint(t.source.wal_end());
    t.target.run("UPDATE dts_metadata.task_position SET owner_token = 'x', owner = 'elsewhere'");
    if (row_is_refused) t.target.run("INSERT INTO s.t VALUES (2)");
    const std::string before = t.target_checkpoint();
    t.source.run(fmt::format("INSERT INTO s.t SELECT generate_series(2, {})", rows + 1));
    const auto outcome = worker.wait_for_exit();
    CHECK(outcome.status.code == 73);
    CHECK_THAT(outcome.output, Contains("is no longer owned by this worker") &&
                                   Contains("elsewhere") && !Contains("are replaced"));
    CHECK(t.target.scalar("SELECT count(*) FROM s.t") == (row_is_refused ? "2" : "1"));
    CHECK(t.target_checkpoint() == before);
}

TEST_CASE("postgres: a small transaction is two messages to the target") {
    TwoWorkers t;
    t.target.run("ALTER SYSTEM SET log_statement = 'all'");
    t.target.run("SELECT pg_reload_conf()");
    WorkerProcess worker(t.ini(), t.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    t.source.run("INSERT INTO s.t VALUES (1)");
    CHECK(t.arrive_and_stop(worker) == "exit code 0");
    CHECK(t.differences() == "");
    const std::string log = read_file(t.target.error_log());
    const auto begin =
        log.find("BEGIN;UPDATE \"dts_metadata\".\"task_position\" SET position_data=");
    REQUIRE(begin != std::string::npos);
    const std::string message = log.substr(begin, log.find('\n', begin) - begin);
    CHECK_THAT(message, Contains(";INSERT INTO \"s\".\"t\"(\"id\")"));
    const std::string rest = log.substr(begin + message.size() + 1);
    CHECK_THAT(rest.substr(0, rest.find('\n')), Catch::EndsWith("statement: COMMIT"));
}
