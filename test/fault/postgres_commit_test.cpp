// Postgres: a COMMIT whose outcome the worker cannot know. The tables without a key show a group
// that was lost, or applied twice.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <array>
#include <iostream>

#include "test/fault/await.hpp"
#include "test/fault/commit_proxy.hpp"
#include "test/fault/invariant_reader.hpp"
#include "test/fault/postgres_load_task.hpp"

using namespace dts;
using namespace dts::test;

TEST_CASE("postgres: COMMIT: its reply is lost: nothing is lost, nothing applied twice") {
    constexpr std::array faults = {CommitFault::reply_lost, CommitFault::cut_at_once,
                                   CommitFault::not_sent};
    PostgresLoadTask task;
    CommitProxy proxy(task.target->port(), SqlKind::postgres);
    task.ini.set("sinker", "url",
                 fmt::format("postgres://{}:{}@127.0.0.1:{}/{}", SqlServer::username,
                             SqlServer::password_in_url, proxy.port(), PostgresServer::database));
    Chance chance("lost COMMIT replies, postgres");
    INFO("DTS_TEST_SEED=" << chance.seed());
    InvariantReader reader(*task.target);
    WorkerProcess worker(task.ini, task.folder.path());
    // What a start commits by itself is not meant here.
    task.wait_until_streaming(worker);
    MixedLoad load(*task.source, chance);
    const unsigned rounds = by_form(5U, 100U);
    for (unsigned round = 0; round < rounds; ++round) {
        for (const CommitFault fault : faults) {
            proxy.arm(fault);
            proxy.wait_until_fired();
            CHECK(task.slot_fault() == "");
            expect_running_for(worker, chance.moment(std::chrono::milliseconds(30)));
        }
    }
    task.check_arrived(load, worker);
    CHECK(reader.stop() == "");
    std::cout << fmt::format("postgres: {} COMMITs went wrong; {} transactions\n",
                             rounds * faults.size(), load.committed());
}
