// SIGKILL at random moments under load: nothing is lost, nothing is applied twice, and no reader of
// the target ever sees a part of a transaction.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <iostream>

#include "test/fault/invariant_reader.hpp"
#include "test/fault/load_task.hpp"
#include "test/fault/nemesis.hpp"
#include "test/servers/mysql_server.hpp"
#include "test/skip.hpp"

using namespace dts;
using namespace dts::test;

namespace {

void survives_kills(LoadTask& task, unsigned kills, std::string_view name) {
    Chance chance(name);
    INFO("DTS_TEST_SEED=" << chance.seed());
    InvariantReader reader(*task.target);
    Nemesis nemesis(*task.target, chance);
    MixedLoad load(*task.source, chance);
    for (unsigned kill = 0; kill < kills; ++kill) {
        // With the small one large transactions come in parts.
        task.ini.set("pipeline", "buffer_size", kill % 2 == 0 ? "16000" : "700");
        nemesis.kill_streaming(1, task.ini, task.folder.path());
    }
    WorkerProcess worker(task.ini, task.folder.path());
    task.check_arrived(load, worker);
    CHECK(reader.stop() == "");
    std::cout << fmt::format("{}: {}; {} transactions, {} rolled back; {} looks at the target\n",
                             name, nemesis.count().text(), load.committed(), load.rolled_back(),
                             reader.looks());
    CHECK(reader.looks() >= kills);  // no more: a busy machine leaves time for few
    // One of many by chance alone: of twenty kills that are looked at, some must be inside.
    if (kills >= 40) CHECK(nemesis.count().inside_apply > 0);
}

}  // namespace

TEST_CASE("SIGKILL under load, rdb_merge: both sides end equal, and no look sees a part") {
    auto task = LoadTask::mariadb();
    survives_kills(task, by_form(10U, 100U), "SIGKILL, rdb_merge");
}

TEST_CASE("SIGKILL under load, serial: both sides end equal, and no look sees a part") {
    auto task = LoadTask::mariadb();
    task.ini.set("parallelizer", "parallel_type", "serial");
    survives_kills(task, by_form(10U, 100U), "SIGKILL, serial");
}

TEST_CASE("SIGKILL under load, resumed by GTID: both sides end equal, and no look sees a part") {
    auto task = LoadTask::mariadb();
    task.ini.set("extractor", "gtid_enabled", "true")
        .set("extractor", "gtid_set", task.source->binlog_end().gtid_set);
    survives_kills(task, by_form(4U, 30U), "SIGKILL, GTID");
}

TEST_CASE("SIGKILL under load, MySQL 9.7: both sides end equal, and no look sees a part") {
    if (const auto why = MysqlServer::why_unavailable()) return skip(*why);
    auto task = LoadTask::mysql();
    survives_kills(task, by_form(4U, 30U), "SIGKILL, MySQL 9.7");
}

TEST_CASE("SIGKILL under load, MySQL 9.7 by GTID: both sides end equal, and no look sees a part") {
    if (const auto why = MysqlServer::why_unavailable()) return skip(*why);
    auto task = LoadTask::mysql();
    task.ini.set("extractor", "gtid_enabled", "true")
        .set("extractor", "gtid_set", task.source->binlog_end().gtid_set);
    survives_kills(task, by_form(3U, 30U), "SIGKILL, MySQL 9.7 by GTID");
}

TEST_CASE("SIGKILL under load, at least once: every table with a key ends equal") {
    auto task = LoadTask::mariadb();
    task.ini.set("pipeline", "exactly_once", "false")
        .set("filter", "ignore_tbs", "fault_load.keyless,fault_load.ledger");
    // The tables without a key are compared too: empty on both sides.
    Chance chance("SIGKILL, at least once");
    INFO("DTS_TEST_SEED=" << chance.seed());
    Nemesis nemesis(*task.target, chance);
    MixedLoad load(*task.source, chance);
    nemesis.kill_streaming(by_form(5U, 50U), task.ini, task.folder.path());

    WorkerProcess worker(task.ini, task.folder.path());
    load.stop();
    task.source->run("DELETE FROM fault_load.keyless; DELETE FROM fault_load.ledger");
    task.check_arrived(worker);
    CHECK(task.target->scalar("SELECT COUNT(*) FROM information_schema.schemata "
                              "WHERE schema_name = 'dts_metadata'") == "0");
    std::cout << "SIGKILL, at least once: " << nemesis.count().text() << std::endl;
}
