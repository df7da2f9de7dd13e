// Postgres: DDL with two tasks in opposite directions, an event trigger at each side. What one has
// applied is noted at the other side, too, and does not come back.
#include <catch2/catch.hpp>

#include "test/integration/postgres_pair.hpp"
#include "test/servers/readme_sql.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;

namespace {

struct TwoWayPair : PostgresPair {
    TwoWayPair() {
        run_on_both(ddl_trigger_sql());
        run_on_both(
            "CREATE SCHEMA s; CREATE TABLE s.a (id int PRIMARY KEY, v text); TRUNCATE dts.ddl");
    }
    static TaskIni with_ddl(TaskIni ini, const char* node, const char* other) {
        return ini.set("data_marker", "topo_name", "ring")
            .set("data_marker", "topo_nodes", "a,b")
            .set("data_marker", "src_node", node)
            .set("data_marker", "dst_node", other)
            .set("data_marker", "do_nodes", node)
            .set("extractor", "ddl_meta_tb", "dts.ddl")
            .set("filter", "do_ddls", "*");
    }
    TaskIni there() const { return with_ddl(ini(), "a", "b"); }
    TaskIni back() const { return with_ddl(TaskIni::postgres_cdc(target, source, "s"), "b", "a"); }
    static std::string noted(PostgresServer& server) {
        return server.scalar(
            "SELECT string_agg(tag, ',' ORDER BY id) FROM dts.ddl WHERE objects "
            "@> '[{\"schema\": \"s\"}]'");
    }
    static std::string columns(PostgresServer& server) {
        return server.scalar(
            "SELECT string_agg(table_name || '.' || column_name, ' ' ORDER BY table_name, "
            "ordinal_position) FROM information_schema.columns WHERE table_schema='s'");
    }
};

}  // namespace

TEST_CASE("postgres: two-way DDL: each statement is applied once at the other side") {
    TwoWayPair t;
    WorkerProcess there(t.there(), t.folder.path(), {}, "there");
    WorkerProcess back(t.back(), t.folder.path(), {}, "back");
    there.wait_for_line("PgCdcExtractor starts");
    back.wait_for_line("PgCdcExtractor starts");
    // Again at either side, or once more at the other one, each of these would fail.
    t.source.run("CREATE TABLE s.b (id int PRIMARY KEY); INSERT INTO s.b VALUES (1)");
    t.source.run("ALTER TABLE s.a ADD COLUMN of_a int; INSERT INTO s.a VALUES (1, 'a', 1)");
    there.wait_for_checkpoint(t.source.wal_end());
    t.target.run("INSERT INTO s.b VALUES (2); CREATE INDEX i ON s.b (id)");
    t.target.run("ALTER TABLE s.b ADD COLUMN of_b int; INSERT INTO s.b VALUES (3, 3)");
    t.target.run("ALTER TABLE s.a DROP COLUMN v; UPDATE s.a SET of_a=2");
    t.target.run("CREATE TABLE s.c (id int PRIMARY KEY); INSERT INTO s.c VALUES (1)");
    back.wait_for_checkpoint(t.target.wal_end());
    // A DROP that came back would take what is made anew.
    t.source.run("INSERT INTO s.c VALUES (2); DROP TABLE s.b");
    there.wait_for_checkpoint(t.source.wal_end());
    t.target.run("CREATE TABLE s.b (id int PRIMARY KEY); INSERT INTO s.b VALUES (4)");
    // All that was written is behind this, at both sides.
    for (int round = 0; round < 2; ++round) {
        back.wait_for_checkpoint(t.target.wal_end());
        there.wait_for_checkpoint(t.source.wal_end());
    }
    CHECK(there.stop().status.code == 0);
    CHECK(back.stop().status.code == 0);
    CHECK(t.differences() == "");
    CHECK(TwoWayPair::columns(t.source) == "a.id a.of_a b.id c.id");
    CHECK(TwoWayPair::columns(t.target) == TwoWayPair::columns(t.source));
    CHECK(t.source.scalar("SELECT (SELECT count(*) FROM s.b) || ' ' || (SELECT count(*) FROM "
                          "s.c)") == "1 2");
    // The statements of both, noted at both.
    CHECK(TwoWayPair::noted(t.source) ==
          "CREATE TABLE,ALTER TABLE,CREATE INDEX,ALTER TABLE,ALTER TABLE,CREATE TABLE,DROP TABLE,"
          "CREATE TABLE");
    CHECK(TwoWayPair::noted(t.target) == TwoWayPair::noted(t.source));
    for (const auto* worker : {&there, &back})
        CHECK_THAT(worker->default_log(), !Contains("ENABLE ALWAYS"));
}

TEST_CASE("postgres: two-way DDL: a trigger that does not fire for the other task is told of") {
    TwoWayPair t;
    t.target.run("ALTER EVENT TRIGGER dts_ddl ENABLE");
    WorkerProcess back(t.back(), t.folder.path(), {}, "back");
    CHECK_THAT(back.wait_for_line("ENABLE ALWAYS"), Contains("on ddl_command_end"));
    WorkerProcess there(t.there(), t.folder.path(), {}, "there");
    there.wait_for_line("PgCdcExtractor starts");
    t.source.run("CREATE TABLE s.b (id int PRIMARY KEY); INSERT INTO s.b VALUES (1)");
    there.wait_for_checkpoint(t.source.wal_end());
    CHECK(TwoWayPair::noted(t.target).empty());
    CHECK(there.stop().status.code == 0);
    CHECK(back.stop().status.code == 0);
    CHECK_THAT(back.default_log(), !Contains("on sql_drop"));
    CHECK(t.differences() == "");
}
