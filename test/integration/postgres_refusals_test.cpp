// Postgres: what a task refuses, with which exit code and which words; and that nothing was made,
// moved or written then.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "test/integration/postgres_pair.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;

namespace {

constexpr int checkpoint_refused = 65;
constexpr int gap = 66;
constexpr int permission = 77;
constexpr int config = 78;

/// A task that has run: its slot, its records.
struct StoppedTask : PostgresPair {
    explicit StoppedTask(const std::vector<std::string>& settings = {}) : PostgresPair(settings) {
        run_on_both("CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, v text)");
        WorkerProcess worker(ini(), folder.path());
        worker.wait_for_line("PgCdcExtractor starts");
        source.run("INSERT INTO s.t VALUES (1, 'a')");
        REQUIRE(arrive_and_stop(worker) == "exit code 0");
        // The server may notice a little later that nobody reads the slot any more.
        source.run(
            "DO $$ BEGIN FOR i IN 1..3000 LOOP EXIT WHEN NOT EXISTS (SELECT FROM "
            "pg_replication_slots WHERE active); PERFORM pg_sleep(0.01); END LOOP; END $$");
        source.run("INSERT INTO s.t VALUES (2, 'not yet applied')");
    }

    /// The run and --explain end alike, and leave everything as it was.
    void is_refused(const TaskIni& task, int code, const std::string& words) {
        const auto slots = slots_text();
        const auto log = read_file(log_folder() / "position.log");
        for (const bool explain : {true, false}) {
            const auto file = task.write(folder / "task.ini");
            std::vector<std::string> args = {file.string(), "--log-dir", log_folder().string()};
            if (explain) args.push_back("--explain");
            const auto outcome = run_worker(args);
            INFO(outcome.output);
            CHECK(outcome.status.code == code);
            CHECK_THAT(outcome.output, Contains(words));
            CHECK_THAT(outcome.output, Contains("HINT: "));
            CHECK_THAT(outcome.output, !Contains("s3cr"));
        }
        CHECK(slots_text() == slots);
        CHECK(read_file(log_folder() / "position.log") == log);
        CHECK(target.scalar("SELECT count(*) FROM s.t") == "1");
    }
    void is_refused(int code, const std::string& words) { is_refused(ini(), code, words); }

    std::string slots_text() {
        return source.scalar(
            "SELECT string_agg(slot_name || confirmed_flush_lsn, ',') FROM pg_replication_slots");
    }
};

std::string outcome_of(const TaskIni& task, const TempFolder& folder, int code) {
    const auto file = task.write(folder / "task.ini");
    const auto outcome = run_worker({file.string(), "--log-dir", (folder / "task").string()});
    INFO(outcome.output);
    CHECK(outcome.status.code == code);
    return outcome.output;
}

}  // namespace

TEST_CASE("postgres: a slot that is missing is a gap, and is not made anew") {
    StoppedTask task;
    task.source.run("SELECT pg_drop_replication_slot('dts_test')");
    task.is_refused(gap, "replication slot dts_test does not exist");
}

TEST_CASE("postgres: a slot of the same name that was made anew is a gap") {
    StoppedTask task;
    task.source.run(
        "SELECT pg_drop_replication_slot('dts_test');"
        "SELECT pg_create_logical_replication_slot('dts_test', 'pgoutput')");
    task.is_refused(gap, "it was made anew, or another reader has moved it on");
}

TEST_CASE("postgres: a slot ahead of the checkpoint is a gap") {
    StoppedTask task;
    task.source.run("SELECT pg_replication_slot_advance('dts_test', pg_current_wal_flush_lsn())");
    task.is_refused(gap, "another reader has moved it on");
}

TEST_CASE("postgres: a slot that lost its log is a gap") {
    StoppedTask task({"max_slot_wal_keep_size=1MB", "wal_keep_size=0", "min_wal_size=32MB",
                      "max_wal_size=32MB"});
    for (int i = 0; i < 6; ++i) {
        task.source.run("SELECT pg_switch_wal(); INSERT INTO s.t VALUES (100 + " +
                        std::to_string(i) + ", '')");
    }
    task.source.run("CHECKPOINT");
    REQUIRE(task.source.scalar("SELECT wal_status FROM pg_replication_slots") == "lost");
    task.is_refused(gap, "slot dts_test has lost its log");
}

TEST_CASE("postgres: a position beyond the end of the server's log is a gap") {
    StoppedTask task;
    task.target.run(
        "UPDATE dts_metadata.task_position SET position_data="
        "'{\"type\":\"PgCdc\",\"lsn\":\"7/0\",\"timestamp\":\"\"}'");
    task.is_refused(gap, "the position lies behind the end of the server's log");
}

TEST_CASE("postgres: a checkpoint of another server is refused") {
    StoppedTask task;
    PostgresServer other({}, PostgresServer::Identity::own);
    other.run("CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, v text)");
    TaskIni ini = task.ini();
    ini.set("extractor", "url", other.url())
        .set("global", "task_id",
             task.target.scalar("SELECT task_id FROM dts_metadata.task_position"));
    task.is_refused(ini, checkpoint_refused, "timeline 1 database d");
    CHECK(other.scalar("SELECT count(*) FROM pg_replication_slots") == "0");
}

TEST_CASE("postgres: a publication that is missing on resume is not made anew") {
    StoppedTask task;
    task.source.run("DROP PUBLICATION dts_test_publication_for_all_tables");
    task.is_refused(config, "publication dts_test_publication_for_all_tables does not exist");
}

TEST_CASE("postgres: a source without wal_level=logical, an account without REPLICATION") {
    const TempFolder folder("task");
    PostgresServer source({"wal_level=replica"});
    PostgresServer target;
    const auto ini = TaskIni::postgres_cdc(source, target, "s");
    CHECK_THAT(outcome_of(ini, folder, config),
               Contains("wal_level is 'replica'") && Contains("HINT: ALTER SYSTEM SET wal_level"));
    target.run("CREATE ROLE plain LOGIN PASSWORD 'pw'");
    TaskIni plain = ini;
    plain.set("extractor", "url", fmt::format("postgres://plain:pw@127.0.0.1:{}/d", target.port()));
    CHECK_THAT(outcome_of(plain, folder, permission),
               Contains("plain lacks REPLICATION") && Contains("ALTER ROLE \"plain\" REPLICATION"));
    plain.set("extractor", "url", fmt::format("postgres://plain:no@127.0.0.1:{}/d", target.port()));
    CHECK_THAT(outcome_of(plain, folder, permission), Contains("password authentication failed"));
    plain.set("extractor", "url",
              fmt::format("postgres://plain:pw@127.0.0.1:{}/nowhere", target.port()));
    CHECK_THAT(outcome_of(plain, folder, permission), Contains("database \"nowhere\""));
    plain.set("extractor", "url",
              fmt::format("postgres://plain:pw@127.0.0.1:{}/d?sslmode=require", target.port()));
    CHECK_THAT(outcome_of(plain, folder, config), Contains("server does not support SSL"));
}

TEST_CASE("postgres: tables that would refuse their own updates are named before the first start") {
    PostgresPair pair;
    pair.source.run("CREATE SCHEMA s; CREATE TABLE s.nokey (a int)");
    CHECK_THAT(outcome_of(pair.ini(), pair.folder, config), Contains("no replica identity") &&
                                                                Contains("\"s\".\"nokey\"") &&
                                                                Contains("REPLICA IDENTITY FULL"));
    CHECK(pair.source.scalar("SELECT count(*) FROM pg_publication") == "0");
}

TEST_CASE("postgres: a target without the table, and one without the row's key") {
    PostgresPair pair;
    pair.source.run("CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, v text)");
    {
        WorkerProcess worker(pair.ini(), pair.folder.path());
        worker.wait_for_line("PgCdcExtractor starts");
        pair.source.run("INSERT INTO s.t VALUES (1, 'a')");
        const auto outcome = worker.wait_for_exit();
        CHECK(outcome.status.code == 76);
        CHECK_THAT(outcome.output, Contains("target table \"s\".\"t\" does not exist"));
    }
    pair.target.run("CREATE SCHEMA s; CREATE TABLE s.t (id int, v text)");
    pair.source.run("UPDATE s.t SET v='b'");
    WorkerProcess worker(pair.ini(), pair.folder.path());
    const auto outcome = worker.wait_for_exit();
    CHECK(outcome.status.code == 76);
    CHECK_THAT(outcome.output, Contains("its replica identity does not hold all columns"));
    CHECK(pair.target.scalar("SELECT count(*) FROM s.t") == "0");
}

TEST_CASE("postgres: a source on another timeline whose slot did not go along is a gap") {
    StoppedTask task;
    task.source.stop();
    // As at the end of a recovery from an archive: the server goes on with a timeline of its own.
    write_file(task.source.data_folder() / "recovery.signal", "");
    task.source.start({"restore_command=false"});
    // It lets readers in before it has ended.
    task.source.run(
        "DO $$ BEGIN WHILE pg_is_in_recovery() LOOP PERFORM pg_sleep(0.01); END LOOP; END $$");
    REQUIRE(task.source.scalar("SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)") ==
            "00000002");
    // One walsender is enough to ask it all.
    task.source.stop();
    task.source.start({"max_wal_senders=1"});
    task.is_refused(gap, "from timeline 1 to 2 at ");
}
