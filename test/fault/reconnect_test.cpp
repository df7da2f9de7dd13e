// Connections that are lost, and servers that go away and come back, under load: the worker goes on
// by itself, and both sides end equal.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <iostream>

#include "test/fault/await.hpp"
#include "test/fault/invariant_reader.hpp"
#include "test/fault/load_task.hpp"
#include "test/servers/mysql_server.hpp"
#include "test/skip.hpp"

using namespace dts;
using namespace dts::test;

namespace {

/// The worker's connections are told from the test's by their account.
std::string give_account(DatabaseServer& server) {
    server.run(
        "SET sql_log_bin = 0; CREATE USER mover@'%' IDENTIFIED BY 'mover';"
        "GRANT ALL ON *.* TO mover@'%'; SET sql_log_bin = 1");
    return fmt::format("mysql://mover:mover@127.0.0.1:{}", server.port());
}

void use_own_accounts(LoadTask& task) {
    task.ini.set("extractor", "url", give_account(*task.source))
        .set("sinker", "url", give_account(*task.target));
}

/// Kills each connection of the worker whose command is like `command`; how many there were.
unsigned kill_connections(DatabaseServer& server, std::string_view command) {
    auto connection = server.connect();
    auto found = connection.query(fmt::format(
        "SELECT id FROM information_schema.processlist WHERE user = 'mover' AND command LIKE '{}'",
        command));
    unsigned killed = 0;
    while (const auto row = found.next()) {
        try {
            connection.execute("KILL " + row->text(0));
            ++killed;
        } catch (const Error&) {
            // It has ended meanwhile.
        }
    }
    return killed;
}

constexpr const char* dump = "Binlog Dump%";

void survives_killed_connections(LoadTask& task, std::string_view name) {
    use_own_accounts(task);
    Chance chance(name);
    INFO("DTS_TEST_SEED=" << chance.seed());
    const unsigned rounds = by_form(6U, 60U);
    unsigned dumps = 0, writers = 0;
    InvariantReader reader(*task.target);
    WorkerProcess worker(task.ini, task.folder.path());
    MixedLoad load(*task.source, chance);
    for (unsigned round = 0; round < rounds; ++round) {
        task.wait_until_streaming(worker);
        expect_running_for(worker, chance.moment(std::chrono::milliseconds(400)));
        writers += kill_connections(*task.target, "%");
        expect_running_for(worker, chance.moment(std::chrono::milliseconds(400)));
        // After it the extractor starts anew: the next round waits for that.
        wait_for_sql(*task.source,
                     fmt::format("SELECT COUNT(*) > 0 FROM information_schema.processlist "
                                 "WHERE user = 'mover' AND command LIKE '{}'",
                                 dump),
                     &worker);
        dumps += kill_connections(*task.source, dump);
    }
    CHECK(dumps >= rounds);
    CHECK(writers >= rounds);
    task.check_arrived(load, worker);
    CHECK(reader.stop() == "");
    CHECK(reader.looks() > rounds);
    std::cout << fmt::format("{}: {} dumps and {} connections of the target killed, {} looks\n",
                             name, dumps, writers, reader.looks());
}

/// `fault` stops a server and starts it again.
void survives_restarts(std::string_view name, unsigned rounds,
                       const std::function<void(LoadTask&)>& fault) {
    auto task = LoadTask::mariadb();
    Chance chance(name);
    INFO("DTS_TEST_SEED=" << chance.seed());
    InvariantReader reader(*task.target);
    WorkerProcess worker(task.ini, task.folder.path());
    MixedLoad load(*task.source, chance);
    task.wait_until_streaming(worker);
    for (unsigned round = 0; round < rounds; ++round) {
        expect_running_for(worker, std::chrono::milliseconds(300) +
                                       chance.moment(std::chrono::milliseconds(1000)));
        fault(task);
        worker.wait_for_checkpoint(task.source->binlog_end(), std::chrono::minutes(2));
    }
    task.check_arrived(load, worker);
    CHECK(reader.stop() == "");
    CHECK(reader.looks() > rounds);
}

}  // namespace

TEST_CASE(
    "lost connections: the binlog dump and the target's sessions killed under load, MariaDB") {
    auto task = LoadTask::mariadb();
    survives_killed_connections(task, "killed connections, MariaDB");
}

TEST_CASE("lost connections: the binlog dump and the target's sessions killed under load, MySQL") {
    if (const auto why = MysqlServer::why_unavailable()) return skip(*why);
    auto task = LoadTask::mysql();
    survives_killed_connections(task, "killed connections, MySQL");
}

TEST_CASE("lost connections: the source server is restarted under load") {
    survives_restarts("source restarted", by_form(2U, 20U),
                      [](LoadTask& task) { task.source->restart(); });
}

TEST_CASE("lost connections: the source server crashes under load") {
    survives_restarts("source crashed", by_form(2U, 20U), [](LoadTask& task) {
        task.source->kill();
        task.source->start();
    });
}

TEST_CASE("lost connections: the target server is restarted under load") {
    survives_restarts("target restarted", by_form(2U, 20U),
                      [](LoadTask& task) { task.target->restart(); });
}

TEST_CASE("lost connections: the target server crashes under load") {
    survives_restarts("target crashed", by_form(2U, 20U), [](LoadTask& task) {
        task.target->kill();
        task.target->start();
    });
}
