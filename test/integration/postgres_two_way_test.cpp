// Postgres: two tasks in opposite directions over the same tables. What one has written the other
// does not send back.
#include <catch2/catch.hpp>

#include "test/integration/postgres_pair.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;

namespace {

TaskIni marked(TaskIni ini, const char* source, const char* target) {
    return ini.set("data_marker", "topo_name", "ring")
        .set("data_marker", "topo_nodes", "a,b")
        .set("data_marker", "src_node", source)
        .set("data_marker", "dst_node", target)
        .set("data_marker", "do_nodes", source)
        .set("data_marker", "ignore_nodes", target);
}

}  // namespace

TEST_CASE("postgres: two-way: each change is applied once at the other side, none comes back") {
    PostgresPair p({"logical_decoding_work_mem=64kB"});
    p.run_on_both("CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, v text)");
    const auto back = TaskIni::postgres_cdc(p.target, p.source, "s");
    WorkerProcess there(marked(p.ini(), "a", "b"), p.folder.path(), {}, "there");
    WorkerProcess again(marked(back, "b", "a"), p.folder.path(), {}, "again");
    there.wait_for_line("PgCdcExtractor starts");
    again.wait_for_line("PgCdcExtractor starts");
    p.source.run("INSERT INTO s.t VALUES (1, 'a'), (2, 'a')");
    p.target.run("INSERT INTO s.t VALUES (11, 'b')");
    // One that a server would stream: whose it is may not be known then, so it is not asked to.
    p.target.run("INSERT INTO s.t SELECT i, repeat('x', 100) FROM generate_series(100, 2099) i");
    there.wait_for_checkpoint(p.source.wal_end());
    again.wait_for_checkpoint(p.target.wal_end());
    p.source.run("UPDATE s.t SET v='of a' WHERE id=11");
    there.wait_for_checkpoint(p.source.wal_end());
    p.target.run("DELETE FROM s.t WHERE id=2");
    again.wait_for_checkpoint(p.target.wal_end());
    // All that was written is behind this, at both sides.
    there.wait_for_checkpoint(p.source.wal_end());
    again.wait_for_checkpoint(p.target.wal_end());
    CHECK(there.stop().status.code == 0);
    CHECK(again.stop().status.code == 0);
    CHECK_THAT(there.default_log(), Contains("stopped, 3 changes applied"));
    CHECK_THAT(again.default_log(), Contains("stopped, 2002 changes applied"));
    CHECK(p.differences() == "");
    CHECK(p.target.scalar("SELECT sum(stream_txns) FROM pg_stat_replication_slots") == "0");
    CHECK(p.target.scalar("SELECT roname FROM pg_replication_origin").starts_with("dts:a:"));
}

TEST_CASE("postgres: two-way: an account that may not mark is told which rights it lacks") {
    PostgresPair p;
    p.run_on_both("CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY)");
    // All others: what it marks with comes behind the claim of the checkpoint.
    p.target.run(
        "CREATE ROLE plain LOGIN PASSWORD 'pw'; GRANT CREATE ON DATABASE d TO plain;"
        "GRANT SET ON PARAMETER session_replication_role TO plain");
    auto ini = marked(p.ini(), "a", "b");
    ini.set("sinker", "url", fmt::format("postgres://plain:pw@127.0.0.1:{}/d", p.target.port()));
    WorkerProcess worker(ini, p.folder.path());
    const auto outcome = worker.wait_for_exit();
    CHECK(outcome.status.code == 77);
    CHECK_THAT(outcome.output, Contains("pg_replication_origin_session_setup(text) TO \"plain\""));
}
