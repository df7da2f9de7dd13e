// A COMMIT whose outcome the worker cannot know: the reply is lost, the connection is cut while it
// is under way, it never arrives, or the worker is killed at that very moment. The tables without a
// key show a group that was lost, or applied twice.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <signal.h>

#include "test/fault/await.hpp"
#include "test/fault/commit_proxy.hpp"
#include "test/fault/invariant_reader.hpp"
#include "test/fault/load_task.hpp"

using namespace dts;
using namespace dts::test;

namespace {

constexpr std::array faults = {CommitFault::reply_lost, CommitFault::cut_at_once,
                               CommitFault::not_sent};

void go_through(CommitProxy& proxy, TaskIni& ini) {
    ini.set("sinker", "url",
            fmt::format("mysql://{}:t0p%3As3cr%40t%2Fword@127.0.0.1:{}", DatabaseServer::username,
                        proxy.port()))
        .set("sinker", "ssl_mode", "disable");
}

void survives_lost_replies(const char* parallel_type) {
    auto task = LoadTask::mariadb();
    task.ini.set("parallelizer", "parallel_type", parallel_type);
    CommitProxy proxy(task.target->port());
    go_through(proxy, task.ini);
    Chance chance(fmt::format("lost COMMIT replies, {}", parallel_type));
    INFO("DTS_TEST_SEED=" << chance.seed());
    InvariantReader reader(*task.target);
    WorkerProcess worker(task.ini, task.folder.path());
    // What a start commits by itself is not meant here.
    task.wait_until_streaming(worker);
    MixedLoad load(*task.source, chance);
    for (unsigned round = 0; round < by_form(10U, 100U); ++round) {
        for (const CommitFault fault : faults) {
            proxy.arm(fault);
            proxy.wait_until_fired();
            expect_running_for(worker, chance.moment(std::chrono::milliseconds(30)));
        }
    }
    task.check_arrived(load, worker);
    CHECK(reader.stop() == "");
}

}  // namespace

TEST_CASE("COMMIT: its reply is lost, rdb_merge: nothing is lost, nothing applied twice") {
    survives_lost_replies("rdb_merge");
}

TEST_CASE("COMMIT: its reply is lost, serial: nothing is lost, nothing applied twice") {
    survives_lost_replies("serial");
}

TEST_CASE("COMMIT: the worker is killed before it, during it, and before its reply") {
    auto task = LoadTask::mariadb();
    CommitProxy proxy(task.target->port());
    go_through(proxy, task.ini);
    Chance chance("killed at COMMIT");
    INFO("DTS_TEST_SEED=" << chance.seed());
    InvariantReader reader(*task.target);
    MixedLoad load(*task.source, chance);
    for (unsigned round = 0; round < by_form(3U, 50U); ++round) {
        for (const CommitFault fault : faults) {
            WorkerProcess worker(task.ini, task.folder.path());
            proxy.arm(fault, [pid = worker.pid()] { ::kill(pid, SIGKILL); });
            proxy.wait_until_fired();
            CHECK(worker.wait_for_exit().status.signal == SIGKILL);
        }
    }
    WorkerProcess worker(task.ini, task.folder.path());
    task.check_arrived(load, worker);
    CHECK(reader.stop() == "");
}
