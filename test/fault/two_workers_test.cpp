// Two workers with one task and one target, each with a log directory of its own (as on two hosts):
// never do both write.
#include <catch2/catch.hpp>

#include "test/fault/await.hpp"
#include "test/fault/invariant_reader.hpp"
#include "test/fault/load_task.hpp"
#include "test/fault/position_history.hpp"

using namespace dts;
using namespace dts::test;

namespace {

/// The same task as on another host: it knows the target, and has no log.
TaskIni of_other_host(const LoadTask& task, const char* on_conflict) {
    auto ini = task.ini;
    ini.remove("extractor", "binlog_filename")
        .remove("extractor", "binlog_position")
        .set("extractor", "server_id", "4711")
        .set("global", "on_conflict", on_conflict);
    return ini;
}

}  // namespace

TEST_CASE("two workers: the second is refused with 73, the first goes on") {
    auto task = LoadTask::mariadb();
    Chance chance("two workers, refuse");
    INFO("DTS_TEST_SEED=" << chance.seed());
    task.ini.set("global", "task_id", "one");
    InvariantReader reader(*task.target);
    WorkerProcess first(task.ini, task.folder.path());
    MixedLoad load(*task.source, chance);
    task.wait_until_streaming(first);
    for (int i = 0; i < 3; ++i) {
        WorkerProcess second(of_other_host(task, "refuse"), task.folder.path(), {}, "second");
        const auto outcome = second.wait_for_exit();
        CHECK(outcome.status.code == 73);
        CHECK_THAT(outcome.output, Catch::Contains("task 'one' is held by another worker") &&
                                       Catch::Contains("HINT: ") &&
                                       Catch::Contains((task.folder / "task").string()));
        expect_running_for(first, std::chrono::milliseconds(200));
    }
    task.check_arrived(load, first);
    CHECK(reader.stop() == "");
}

TEST_CASE("two workers: the second takes over, the first ends with 73 and writes no more") {
    auto task = LoadTask::mariadb();
    Chance chance("two workers, take over");
    INFO("DTS_TEST_SEED=" << chance.seed());
    task.ini.set("global", "task_id", "one");
    InvariantReader reader(*task.target);
    WorkerProcess first(task.ini, task.folder.path());
    MixedLoad load(*task.source, chance);
    task.wait_until_streaming(first);
    expect_running_for(first, std::chrono::milliseconds(1000));

    WorkerProcess second(of_other_host(task, "take_over"), task.folder.path(), {}, "second");
    task.wait_until_streaming(second);
    const auto outcome = first.wait_for_exit();
    CHECK(outcome.status.code == 73);
    CHECK_THAT(outcome.output, Catch::Contains("HINT: "));
    expect_running_for(second, std::chrono::milliseconds(1000));
    task.check_arrived(load, second);
    CHECK(reader.stop() == "");
    CHECK(read_position_history(task.log_folder()).faults == std::vector<std::string>{});
}

TEST_CASE("two workers that both may take over: the last one started keeps the task") {
    auto task = LoadTask::mariadb();
    Chance chance("two workers, both take over");
    INFO("DTS_TEST_SEED=" << chance.seed());
    task.ini.set("global", "task_id", "one").set("global", "on_conflict", "take_over");
    InvariantReader reader(*task.target);
    MixedLoad load(*task.source, chance);
    for (unsigned round = 0; round < by_form(2U, 20U); ++round) {
        WorkerProcess first(task.ini, task.folder.path());
        task.wait_until_streaming(first);
        expect_running_for(first, chance.moment(std::chrono::milliseconds(500)));
        WorkerProcess second(of_other_host(task, "take_over"), task.folder.path(), {}, "second");
        task.wait_until_streaming(second);
        CHECK(first.wait_for_exit().status.code == 73);
        expect_running_for(second, std::chrono::milliseconds(500));
        CHECK(second.stop().status.text() == "exit code 0");
    }
    WorkerProcess first(task.ini, task.folder.path());
    load.stop();
    first.wait_for_checkpoint(task.source->binlog_end());
    CHECK(first.stop().status.text() == "exit code 0");
    CHECK(task.differences() == "");
    CHECK(reader.stop() == "");
}

TEST_CASE(
    "two workers that both may take over: one inside a large transaction does not take it back") {
    auto task = LoadTask::mariadb();
    task.ini.set("global", "task_id", "one").set("global", "on_conflict", "take_over");
    const auto is_inside = rows_inserted_from_now(*task.target, 20'000);
    task.source->run("INSERT INTO fault_load.keyless SELECT seq, 'once' FROM seq_1_to_300000");
    WorkerProcess first(task.ini, task.folder.path());
    wait_for_sql(*task.target, is_inside, &first);
    WorkerProcess second(of_other_host(task, "take_over"), task.folder.path(), {}, "second");
    task.wait_until_streaming(second);
    // Where the first one was done with it already, it is by its next transaction that it learns.
    task.source->run("INSERT INTO fault_load.keyless VALUES (0, 'afterwards')");
    CHECK(first.wait_for_exit().status.code == 73);
    task.check_arrived(second);
}

TEST_CASE("two workers: a first one that was frozen while the second took over writes no more") {
    auto task = LoadTask::mariadb();
    Chance chance("two workers, frozen");
    INFO("DTS_TEST_SEED=" << chance.seed());
    task.ini.set("global", "task_id", "one");
    InvariantReader reader(*task.target);
    WorkerProcess first(task.ini, task.folder.path());
    MixedLoad load(*task.source, chance);
    task.wait_until_streaming(first);
    expect_running_for(first, chance.moment(std::chrono::milliseconds(500)));
    first.signal(19);  // SIGSTOP: as a host that hangs, or a virtual machine that is moved
    WorkerProcess second(of_other_host(task, "take_over"), task.folder.path(), {}, "second");
    second.wait_for_line("MysqlCdcExtractor starts", std::chrono::minutes(2));
    expect_running_for(second, std::chrono::milliseconds(500));
    first.signal(18);
    CHECK(first.wait_for_exit().status.code == 73);
    task.check_arrived(load, second);
    CHECK(reader.stop() == "");
}

TEST_CASE("two workers on one log directory: the second is refused with 73 and names the holder") {
    auto task = LoadTask::mariadb();
    WorkerProcess first(task.ini, task.folder.path());
    task.wait_until_streaming(first);
    const auto outcome =
        run_worker({(task.folder / "task.ini").string(), "--log-dir", task.log_folder().string()});
    CHECK(outcome.status.code == 73);
    CHECK_THAT(outcome.output, Catch::Contains(task.log_folder().string()) &&
                                   Catch::Contains(std::to_string(first.pid())));
    expect_running_for(first, std::chrono::milliseconds(100));
    task.check_arrived(first);
}
