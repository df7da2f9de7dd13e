// Postgres: where a task starts, what it makes at its first start and never later, and what it says
// about that: the lines that users look for, word for word.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "lib/position/postgres_position.hpp"
#include "test/integration/postgres_pair.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;
using Catch::EndsWith;

namespace {

struct Example : PostgresPair {
    Example() { run_on_both("CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, v text)"); }

    std::string ids() {
        return target.scalar("SELECT coalesce(string_agg(id::text, ',' ORDER BY id), '') FROM s.t");
    }
    void make_slot() {
        source.run("CREATE PUBLICATION dts_test_publication_for_all_tables FOR TABLE s.t");
        source.run("SELECT pg_create_logical_replication_slot('dts_test', 'pgoutput')");
    }
    std::string slots() { return source.scalar("SELECT count(*) FROM pg_replication_slots"); }
};

std::string lsn_of(const std::string& record) {
    return json_field(record, "lsn");
}

}  // namespace

TEST_CASE("postgres: the first start makes publication and slot, and changes flow") {
    Example e;
    WorkerProcess worker(e.ini(), e.folder.path());
    worker.wait_for_line("starts from: {\"type\":\"PgCdc\",\"lsn\":\"");
    const auto line = worker.wait_for_line("PgCdcExtractor starts");
    CHECK_THAT(line, Contains(" - PgCdcExtractor starts, slot_name: dts_test, start_lsn: "));
    e.source.run("INSERT INTO s.t VALUES (1, 'a'), (2, 'b')");
    e.source.run("UPDATE s.t SET v='c' WHERE id=1");
    e.source.run("DELETE FROM s.t WHERE id=2");
    e.source.run("UPDATE s.t SET id=3 WHERE id=1");
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(e.ids() == "3");
    CHECK(e.differences() == "");
    CHECK(e.source.scalar("SELECT pubname || pubviaroot FROM pg_publication") ==
          "dts_test_publication_for_all_tablestrue");
    CHECK(last_record(e.log_folder(), "checkpoint_position") == e.target_checkpoint());
}

TEST_CASE("postgres: a killed worker goes on exactly there, by the target's checkpoint") {
    Example e;
    {
        WorkerProcess worker(e.ini(), e.folder.path());
        worker.wait_for_line("PgCdcExtractor starts");
        e.source.run("INSERT INTO s.t VALUES (1, 'a')");
        worker.wait_for_checkpoint(e.source.wal_end());
        worker.kill();
        worker.wait_for_exit();
    }
    e.source.run("INSERT INTO s.t VALUES (2, 'while it was dead')");
    const auto checkpoint = e.target_checkpoint();
    WorkerProcess worker(e.ini(), e.folder.path());
    CHECK_THAT(worker.wait_for_line("resume from: "), EndsWith("resume from: " + checkpoint));
    CHECK_THAT(worker.wait_for_line("PgCdcExtractor starts"),
               EndsWith(fmt::format(" - PgCdcExtractor starts, slot_name: dts_test, start_lsn: {}, "
                                    "keepalive_interval_secs: 1, heartbeat_interval_secs: 10, "
                                    "heartbeat_tb: ",
                                    lsn_of(checkpoint))));
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(e.ids() == "1,2");
}

TEST_CASE("postgres: a first start that died behind the slot begins where the slot stands") {
    Example e;
    e.make_slot();
    e.source.run("INSERT INTO s.t VALUES (1, 'after the slot was made')");
    WorkerProcess worker(e.ini(), e.folder.path());
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(e.ids() == "1");
}

TEST_CASE("postgres: resume from position.log where the target holds no checkpoint") {
    Example e;
    TaskIni ini = e.ini();
    ini.set("pipeline", "exactly_once", "false");
    {
        WorkerProcess worker(ini, e.folder.path());
        worker.wait_for_line("PgCdcExtractor starts");
        e.source.run("INSERT INTO s.t VALUES (1, 'a')");
        CHECK(e.arrive_and_stop(worker) == "exit code 0");
    }
    const auto record = last_record(e.log_folder(), "checkpoint_position");
    e.source.run("INSERT INTO s.t VALUES (2, 'b')");
    WorkerProcess worker(ini, e.folder.path());
    CHECK_THAT(worker.wait_for_line("resume from: "), EndsWith("resume from: " + record));
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(e.ids() == "1,2");
    CHECK(e.target.scalar("SELECT count(*) FROM pg_namespace WHERE nspname='dts_metadata'") == "0");
}

TEST_CASE("postgres: resume from a file that a person wrote, and from the target") {
    Example e;
    e.make_slot();
    e.source.run("INSERT INTO s.t VALUES (1, 'before the position')");
    const auto lsn = e.source.wal_end();
    e.source.run("INSERT INTO s.t VALUES (2, 'behind it')");
    TaskIni ini = e.ini();
    ini.remove("resumer", "resume_from_log")
        .set("resumer", "resume_config_file", (e.folder / "resume.config").string());
    write_file(
        e.folder / "resume.config",
        fmt::format("# by hand\n{{\"type\":\"PgCdc\",\"lsn\":\"{}\",\"timestamp\":\"\"}}\n", lsn));
    {
        WorkerProcess worker(ini, e.folder.path());
        CHECK_THAT(worker.wait_for_line("resume from: "), Contains(lsn));
        CHECK(e.arrive_and_stop(worker) == "exit code 0");
    }
    CHECK(e.ids() == "2");

    e.source.run("INSERT INTO s.t VALUES (3, 'c')");
    ini.remove("resumer", "resume_config_file").set("resumer", "resume_type", "from_target");
    const auto checkpoint = e.target_checkpoint();
    WorkerProcess worker(ini, e.folder.path());
    CHECK_THAT(worker.wait_for_line("resume from: "), EndsWith("resume from: " + checkpoint));
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(e.ids() == "2,3");
}

TEST_CASE("postgres: --explain says from where, and makes nothing") {
    Example e;
    const auto file = e.ini().write(e.folder / "task.ini");
    const auto outcome =
        run_worker({file.string(), "--log-dir", e.log_folder().string(), "--explain"});
    INFO(outcome.output);
    CHECK(outcome.status.code == 0);
    CHECK_THAT(outcome.output,
               Contains("source holds it: yes, slot dts_test is made at the start"));
    CHECK(e.slots() == "0");
    CHECK(e.source.scalar("SELECT count(*) FROM pg_publication") == "0");
    CHECK_THAT(outcome.output, !Contains("s3cr"));
}

TEST_CASE("postgres: an idle task moves its position and the slot with the source's log") {
    Example e;
    e.source.run("CREATE TABLE other (i int)");
    WorkerProcess worker(e.ini(), e.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    const auto before = e.source.confirmed_lsn("dts_test");
    for (int i = 0; i < 20; ++i) e.source.run("INSERT INTO other SELECT generate_series(1, 100)");
    const auto end = e.source.wal_end();
    worker.wait_for_checkpoint(end);
    worker.wait_for("the slot to move", [&] {
        return *parse_lsn(e.source.confirmed_lsn("dts_test")) >= *parse_lsn(end);
    });
    CHECK(*parse_lsn(before) < *parse_lsn(end));
    CHECK(worker.stop().status.code == 0);
}
