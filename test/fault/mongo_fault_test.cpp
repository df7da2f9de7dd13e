// MongoDB: kills and lost connections under load, both ways to follow it. The documents end equal
// byte for byte, and no look at the target sees a part of a transaction.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <iostream>

#include "test/fault/await.hpp"
#include "test/fault/mongo_ddl_load.hpp"
#include "test/fault/mongo_load.hpp"
#include "test/servers/mongo_pair.hpp"

using namespace dts;
using namespace dts::test;

namespace {

struct Ground : MongoPair {
    Ground() {
        make_mongo_bank(*source);
        make_mongo_bank(*target);
    }
    void check_equal() {
        for (const char* collection : mongo_load_collections) {
            INFO(collection);
            CHECK(differences(*source, *target, mongo_load_database, collection) == "");
        }
    }
};

/// Starts workers and kills them, most of them while they stream. One lives now and then until it
/// has caught up, or a load that nobody holds back would grow out of their reach.
void kill_workers(Ground& ground, TaskIni ini, Chance& chance, unsigned kills) {
    for (unsigned kill = 0; kill < kills; ++kill) {
        if (kill > 0 && kill % 20 == 0) {
            WorkerProcess worker(ini, ground.folder.path());
            ground.arrive(worker);
            CHECK(worker.stop().status.text() == "exit code 0");
        }
        // With the small one large transactions come in parts.
        ini.set("pipeline", "buffer_size", kill % 2 == 0 ? "16000" : "40");
        WorkerProcess worker(ini, ground.folder.path());
        if (!chance.one_in(8)) worker.wait_for_line("MongoCdcExtractor starts");
        expect_running_for(worker, chance.moment(std::chrono::milliseconds(700)));
        worker.kill();
        worker.wait_for_exit();
    }
}

}  // namespace

TEST_CASE("mongo: SIGKILL under load: documents end equal, no look sees a part", "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    Ground ground;
    Chance chance("SIGKILL, mongo, " + stream);
    INFO("DTS_TEST_SEED=" << chance.seed());
    // Kept from the start, so that the load goes through the worker, whenever that first runs.
    {
        WorkerProcess first(ground.ini(stream), ground.folder.path());
        first.wait_for_line("MongoCdcExtractor starts");
        ground.arrive(first);
        CHECK(first.stop().status.text() == "exit code 0");
    }
    MongoBankReader reader(ground.target->uri());
    MongoLoad load(ground.source->uri(), chance);
    const unsigned kills = by_form(20U, 200U);
    kill_workers(ground, ground.ini(stream), chance, kills);
    load.stop();
    WorkerProcess worker(ground.ini(stream), ground.folder.path());
    ground.arrive(worker);
    CHECK(worker.stop().status.text() == "exit code 0");
    ground.check_equal();
    CHECK(reader.stop() == "");
    CHECK(load.done() > kills);
    std::cout << fmt::format("SIGKILL, mongo, {}: {} kills, {} changes, {} looks at the target\n",
                             stream, kills, load.done(), reader.looks());
}

TEST_CASE("mongo: SIGKILL under load, at least once: documents end equal", "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    const bool has_transactions = GENERATE(true, false);
    CAPTURE(stream, has_transactions);
    Ground ground;
    Chance chance(fmt::format("SIGKILL, mongo, at least once, {}, {}", stream, has_transactions));
    INFO("DTS_TEST_SEED=" << chance.seed());
    TaskIni ini = ground.ini(stream);
    ini.set("pipeline", "exactly_once", "false");
    // A killed worker's open transaction holds its documents until the server ends it.
    if (ground.target_server)
        ground.target_server->command("admin", R"({"standin": 1, "transactionLifetimeMS": 3000})");
    std::optional<MongoServer> alone;
    if (!has_transactions) {
        alone.emplace("");
        ground.target =
            std::make_unique<MongoSite>(fmt::format("mongodb://127.0.0.1:{}/", alone->port()));
        make_mongo_bank(*ground.target);
        ini.set("sinker", "url", ground.target->uri());
    }
    {
        WorkerProcess first(ini, ground.folder.path());
        first.wait_for_line("MongoCdcExtractor starts");
        ground.arrive(first);
        CHECK(first.stop().status.text() == "exit code 0");
    }
    MongoLoad load(ground.source->uri(), chance);
    kill_workers(ground, ini, chance, by_form(10U, 100U));
    load.stop();
    WorkerProcess worker(ini, ground.folder.path());
    ground.arrive(worker);
    CHECK(worker.stop().status.text() == "exit code 0");
    ground.check_equal();
}

TEST_CASE("mongo: SIGKILL while collections come and go: all of them end equal", "[mongo]") {
    const auto [stream, exactly_once] = GENERATE(table<std::string, bool>(
        {{"change_stream", true}, {"op_log", true}, {"change_stream", false}}));
    CAPTURE(stream, exactly_once);
    Ground ground;
    Chance chance(fmt::format("SIGKILL, mongo, ddl, {}, {}", stream, exactly_once));
    INFO("DTS_TEST_SEED=" << chance.seed());
    TaskIni ini = ground.ini(stream);
    if (ground.source_server) ground.source_server->configure(R"("version":[7,0,0])");
    ini.set("filter", "do_ddls", "*")
        .set("pipeline", "exactly_once", exactly_once ? "true" : "false");
    if (ground.target_server)
        ground.target_server->command("admin", R"({"standin": 1, "transactionLifetimeMS": 3000})");
    {
        WorkerProcess first(ini, ground.folder.path());
        first.wait_for_line("MongoCdcExtractor starts");
        ground.arrive(first);
        CHECK(first.stop().status.text() == "exit code 0");
    }
    MongoLoad load(ground.source->uri(), chance);
    // At least once, values of a unique index could meet when changes are repeated.
    MongoDdlLoad ddl_load(ground.source->uri(), chance, exactly_once);
    const unsigned kills = by_form(15U, 100U);
    kill_workers(ground, ini, chance, kills);
    load.stop();
    ddl_load.stop();
    WorkerProcess worker(ini, ground.folder.path());
    ground.arrive(worker);
    CHECK(worker.stop().status.text() == "exit code 0");
    ground.check_equal();
    CHECK(ddl_differences(*ground.source, *ground.target) == "");
    CHECK(ddl_load.done() > kills);
    std::cout << fmt::format(
        "SIGKILL, mongo, ddl, {}, exactly once {}: {} kills, {} changes of "
        "collections among {}\n",
        stream, exactly_once, kills, ddl_load.done(), load.done());
}

TEST_CASE("mongo: source and target are killed under load and come back", "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    Ground ground;
    if (!ground.source_server || !ground.target_server) return;
    Chance chance("servers killed, mongo, " + stream);
    INFO("DTS_TEST_SEED=" << chance.seed());
    WorkerProcess worker(ground.ini(stream), ground.folder.path());
    worker.wait_for_line("MongoCdcExtractor starts");
    MongoBankReader reader(ground.target->uri());
    MongoLoad load(ground.source->uri(), chance);
    for (unsigned round = by_form(2U, 10U); round > 0; --round) {
        for (auto* server : {ground.source_server.get(), ground.target_server.get()}) {
            expect_running_for(worker, chance.moment(std::chrono::milliseconds(1000)));
            server->kill();
            server->start();
        }
    }
    load.stop();
    ground.connect();
    ground.arrive(worker);
    CHECK(worker.stop().status.text() == "exit code 0");
    ground.check_equal();
    CHECK(reader.stop() == "");
}

TEST_CASE("mongo: a commit whose answer is lost is not applied twice", "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    Ground ground;
    if (!ground.target_server) return;
    WorkerProcess worker(ground.ini(stream), ground.folder.path());
    worker.wait_for_line("MongoCdcExtractor starts");
    Chance chance("answers lost, mongo, " + stream);
    MongoBankReader reader(ground.target->uri());
    MongoLoad load(ground.source->uri(), chance);
    for (unsigned round = by_form(5U, 50U); round > 0; --round) {
        ground.target->run("admin",
                           R"({"configureFailPoint":"failCommand","mode":{"times":2},"data":)"
                           R"({"failCommands":["commitTransaction"],"closeUnanswered":true}})");
        expect_running_for(worker, chance.moment(std::chrono::milliseconds(500)));
    }
    ground.target->run("admin", R"({"configureFailPoint":"failCommand","mode":"off"})");
    load.stop();
    ground.arrive(worker);
    CHECK(worker.stop().status.text() == "exit code 0");
    ground.check_equal();
    CHECK(reader.stop() == "");
}
