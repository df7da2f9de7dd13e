// Postgres: a transaction that is larger than a group comes in parts, executed in one target
// transaction.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "test/integration/postgres_pair.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;

namespace {

struct InParts : PostgresPair {
    InParts() {
        run_on_both(
            "CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, v text); CREATE TABLE s.u (id "
            "int PRIMARY KEY, k int UNIQUE)");
        // The reader begins behind nothing of it.
        source.run("CREATE PUBLICATION dts_test_publication_for_all_tables FOR ALL TABLES");
        source.run("SELECT pg_create_logical_replication_slot('dts_test', 'pgoutput')");
    }
    TaskIni parts() const {
        TaskIni task = ini();
        task.set("pipeline", "buffer_size", "500");
        return task;
    }
    static constexpr const char* large =
        "BEGIN; INSERT INTO s.t SELECT i, 'new' FROM generate_series(1, 5000) i; INSERT INTO s.u "
        "SELECT i, i FROM generate_series(1, 5000) i; UPDATE s.t SET v='changed' WHERE id % 3=0; "
        "DELETE FROM s.u WHERE id % 5=0; COMMIT";
};

}  // namespace

TEST_CASE("postgres parts: rows that are there are replaced, what came before them stays") {
    InParts e;
    // In the middle, and met by another key than theirs.
    e.target.run(
        "INSERT INTO s.t SELECT i, 'old' FROM generate_series(2000, 2100) i; INSERT INTO s.u "
        "VALUES (2501, 2501), (-1, 3001)");
    e.source.run(InParts::large);
    WorkerProcess worker(e.parts(), e.folder.path());
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(e.differences() == "");
    CHECK_THAT(worker.default_log(), Contains("they are replaced"));
}

TEST_CASE("postgres parts: a target that holds nothing of it takes them plainly") {
    InParts e;
    e.source.run(InParts::large);
    WorkerProcess worker(e.parts(), e.folder.path());
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(e.differences() == "");
    CHECK_THAT(worker.default_log(), !Contains("they are replaced"));
}

TEST_CASE("postgres parts: replace=false refuses, and leaves no part behind") {
    InParts e;
    e.target.run("INSERT INTO s.t VALUES (4000, 'old')");
    e.source.run(InParts::large);
    TaskIni ini = e.parts();
    ini.set("sinker", "replace", "false");
    WorkerProcess worker(ini, e.folder.path());
    const auto outcome = worker.wait_for_exit();
    CHECK(outcome.status.text() == "exit code 76");
    CHECK_THAT(outcome.output, Contains("4000"));
    CHECK(e.target.scalar("SELECT count(*) FROM s.t") == "1");
}
