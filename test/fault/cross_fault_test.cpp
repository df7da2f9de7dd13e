// SIGKILL at random moments under load, from one kind of database to the other: nothing is lost,
// nothing is applied twice, and no reader of the target ever sees a part of a transaction.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <iostream>

#include "test/fault/cross_load_task.hpp"
#include "test/fault/invariant_reader.hpp"
#include "test/fault/nemesis.hpp"

using namespace dts;
using namespace dts::test;

namespace {

void survives_kills(CrossWay way, unsigned kills, std::string_view name) {
    CrossLoadTask task(way);
    Chance chance(name);
    INFO("DTS_TEST_SEED=" << chance.seed());
    InvariantReader reader(task.target());
    Nemesis nemesis(task.target(), chance);
    MixedLoad load(task.source(), chance);
    for (unsigned kill = 0; kill < kills; ++kill) {
        // With the small one large transactions come in parts.
        task.ini.set("pipeline", "buffer_size", kill % 2 == 0 ? "16000" : "700");
        nemesis.kill_streaming(1, task.ini, task.folder.path());
    }
    WorkerProcess worker(task.ini, task.folder.path());
    task.check_arrived(load, worker);
    CHECK(reader.stop() == "");
    CHECK(reader.looks() >= kills);
    std::cout << fmt::format("{}: {}; {} transactions, {} rolled back; {} looks at the target\n",
                             name, nemesis.count().text(), load.committed(), load.rolled_back(),
                             reader.looks());
}

}  // namespace

TEST_CASE("across: SIGKILL under load, MariaDB to Postgres: both sides end equal") {
    survives_kills(CrossWay::mariadb_to_postgres, by_form(5U, 50U), "SIGKILL, MariaDB to Postgres");
}

TEST_CASE("across: SIGKILL under load, Postgres to MariaDB: both sides end equal") {
    survives_kills(CrossWay::postgres_to_mariadb, by_form(5U, 50U), "SIGKILL, Postgres to MariaDB");
}
