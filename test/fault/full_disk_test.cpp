// The disk of the log directory is full: the worker stops with 74 rather than going on without a
// record, and loses nothing once there is room again.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "test/fault/await.hpp"
#include "test/fault/load_task.hpp"
#include "test/fault/small_disk.hpp"
#include "test/skip.hpp"

using namespace dts;
using namespace dts::test;

TEST_CASE("full disk: the worker ends with 74, and goes on when there is room, nothing lost") {
    auto task = LoadTask::mariadb();
    SmallDisk disk(task.log_folder(), "512k");
    if (!disk.error().empty()) return skip("no tmpfs can be mounted: " + disk.error());
    Chance chance("full disk");
    INFO("DTS_TEST_SEED=" << chance.seed());
    MixedLoad load(*task.source, chance);
    for (unsigned round = 0; round < by_form(1U, 10U); ++round) {
        WorkerProcess worker(task.ini, task.folder.path());
        task.wait_until_streaming(worker);
        expect_running_for(worker, chance.moment(std::chrono::milliseconds(500)));
        disk.fill();
        const auto outcome = worker.wait_for_exit();
        CHECK(outcome.status.text() == "exit code 74");
        CHECK_THAT(outcome.output, Catch::Contains("No space left on device"));
        // Nor does it start without room for its first record.
        WorkerProcess again(task.ini, task.folder.path());
        CHECK((again.wait_for_exit().status.code == 74 || again.wait_for_exit().status.code == 73));
        disk.make_room();
    }
    WorkerProcess worker(task.ini, task.folder.path());
    task.check_arrived(load, worker);
}
