// Postgres: transactions that the server sends while they go on. The target sees them at their
// commit, in the order of commits, and nothing of what was taken back.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "lib/position/postgres_position.hpp"
#include "test/integration/postgres_pair.hpp"
#include "test/skip.hpp"

using namespace dts;
using namespace dts::test;

namespace {

struct Streams : PostgresPair {
    explicit Streams(Release release = Release::debian, const char* setting = "max_wal_senders=20")
        : PostgresPair({"logical_decoding_work_mem=64kB", "log_replication_commands=on",
                        "max_prepared_transactions=4", setting},
                       release, release),
          open(source.connect()) {
        run_on_both(
            "CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, v text);"
            "CREATE TABLE s.u (id int PRIMARY KEY)");
    }
    void insert(PostgresConnection& connection, int first, int last) {
        connection.query(
            fmt::format("INSERT INTO s.t SELECT i, repeat('x', 100) FROM generate_series({}, {}) i",
                        first, last));
    }
    std::string parts() {
        return source.scalar(
            "SELECT coalesce(sum(stream_count), 0) FROM pg_stat_replication_slots");
    }
    /// The files of open transactions of which a part has arrived: they have no name.
    std::vector<std::filesystem::path> kept_files(const WorkerProcess& worker) const {
        const std::string logs = folder.path().string() + "/";
        std::vector<std::filesystem::path> files;
        const auto descriptors = fmt::format("/proc/{}/fd", worker.pid());
        for (const auto& entry : std::filesystem::directory_iterator(descriptors)) {
            std::error_code gone;
            const auto file = std::filesystem::read_symlink(entry, gone).string();
            if (file.starts_with(logs) && file.ends_with(" (deleted)"))
                files.push_back(entry.path());
        }
        return files;
    }
    /// How large they are, bytes.
    std::uintmax_t kept_by(const WorkerProcess& worker) const {
        std::uintmax_t bytes = 0;
        for (const auto& file : kept_files(worker)) {
            std::error_code gone;
            const auto size = std::filesystem::file_size(file, gone);
            if (!gone) bytes += size;
        }
        return bytes;
    }
    void wait_for_a_part(WorkerProcess& worker) {
        worker.wait_for("a part of the transaction", [&] { return kept_by(worker) > 0; });
    }
    std::string rows_of_target() { return target.scalar("SELECT count(*) FROM s.t"); }

    PostgresConnection open;  ///< the session of the transaction in progress
};

/// A transaction in parts, with others between them, and parts of it taken back.
void is_streamed(Streams& s) {
    WorkerProcess worker(s.ini(), s.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    s.open.query("BEGIN; SAVEPOINT zero");
    s.insert(s.open, 20001, 25000);
    s.open.query("ROLLBACK TO zero");
    s.insert(s.open, 1, 5000);
    s.open.query("SAVEPOINT one");
    s.insert(s.open, 5001, 10000);
    s.open.query("UPDATE s.t SET v='taken back' WHERE id<5; ROLLBACK TO one");
    s.wait_for_a_part(worker);
    // Others commit meanwhile: theirs come first, and the position moves over what is in progress.
    s.source.run("INSERT INTO s.t VALUES (-1, 'first'); UPDATE s.t SET v='second' WHERE id=-1");
    const auto others = s.source.wal_end();
    worker.wait_for_checkpoint(others);
    worker.wait_for("the slot to move", [&] {
        return *parse_lsn(s.source.confirmed_lsn("dts_test")) >= *parse_lsn(others);
    });
    CHECK(s.rows_of_target() == "1");
    s.open.query("SAVEPOINT two");
    s.insert(s.open, 10001, 12000);
    s.open.query("RELEASE two; UPDATE s.t SET v='kept' WHERE id<10; DELETE FROM s.t WHERE id=7");
    s.open.query("COMMIT");
    CHECK(s.arrive_and_stop(worker) == "exit code 0");
    CHECK(s.differences() == "");
    CHECK(s.rows_of_target() == "7000");
    CHECK(s.parts() != "0");
}

}  // namespace

TEST_CASE("postgres: a transaction in progress is streamed, and applied when it commits") {
    Streams s;
    is_streamed(s);
}

TEST_CASE("postgres 17: a transaction in progress is streamed by protocol 4, and applied") {
    constexpr auto release = PostgresServer::Release::seventeen;
    if (const auto why = PostgresServer::why_unavailable(release)) {
        skip(*why);
        return;
    }
    Streams s(release);
    is_streamed(s);
    CHECK_THAT(read_file(s.source.error_log()),
               Catch::Contains("proto_version '4', streaming 'parallel'"));
}

TEST_CASE("postgres: a streamed transaction that is rolled back leaves nothing behind") {
    Streams s;
    WorkerProcess worker(s.ini(), s.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    s.open.query("BEGIN");
    s.insert(s.open, 1, 5000);
    s.wait_for_a_part(worker);
    s.open.query("ROLLBACK");
    s.source.run("INSERT INTO s.t VALUES (1, 'of another')");
    worker.wait_for_checkpoint(s.source.wal_end());
    CHECK(s.kept_files(worker).empty());
    CHECK(worker.stop().status.code == 0);
    CHECK(s.differences() == "");
    CHECK(s.rows_of_target() == "1");
}

TEST_CASE("postgres: a kill or a lost connection while a transaction is streamed loses nothing") {
    Streams s;
    auto worker = std::make_unique<WorkerProcess>(s.ini(), s.folder.path());
    worker->wait_for_line("PgCdcExtractor starts");
    s.open.query("BEGIN");
    s.insert(s.open, 1, 3000);
    s.wait_for_a_part(*worker);
    s.source.run("INSERT INTO s.t VALUES (-1, 'between')");
    worker->wait_for_checkpoint(s.source.wal_end());
    worker->kill();
    worker->wait_for_exit();
    for (const auto& entry : std::filesystem::directory_iterator(s.log_folder()))
        CHECK(entry.path().filename().string().find("streamed") == std::string::npos);
    s.insert(s.open, 3001, 6000);
    worker = std::make_unique<WorkerProcess>(s.ini(), s.folder.path());
    worker->wait_for_line("PgCdcExtractor starts");
    s.wait_for_a_part(*worker);
    s.source.run("SELECT pg_terminate_backend(pid) FROM pg_stat_replication");
    worker->wait_for_line("PgCdcExtractor starts");
    s.insert(s.open, 6001, 7000);
    s.open.query("COMMIT");
    s.source.run("INSERT INTO s.t VALUES (-2, 'behind')");
    CHECK(s.arrive_and_stop(*worker) == "exit code 0");
    CHECK(s.differences() == "");
    CHECK(s.rows_of_target() == "7002");
}

TEST_CASE("postgres: with stream_in_progress=false a transaction is read when it commits") {
    Streams s;
    WorkerProcess worker(s.ini().set("extractor", "stream_in_progress", "false"), s.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    s.open.query("BEGIN");
    s.insert(s.open, 1, 5000);
    s.open.query("COMMIT");
    CHECK(s.arrive_and_stop(worker) == "exit code 0");
    CHECK(s.differences() == "");
    CHECK(s.parts() == "0");
}

namespace {

/// More than 4096 changes (TOAST chunks) of a subtransaction, which the server spills before it
/// streams them: it does not say that they were taken back.
void takes_unsaid_subtransactions_back(Streams& s) {
    s.run_on_both("ALTER TABLE s.t ALTER v SET STORAGE EXTERNAL");
    WorkerProcess worker(s.ini(), s.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    s.open.query(
        "BEGIN; INSERT INTO s.t VALUES (1, 'a'); SAVEPOINT one;"
        "INSERT INTO s.t VALUES (2, repeat('x', 12000000)); UPDATE s.t SET v='b' WHERE id=1");
    // While it is open: one that the server knows to be taken back is not sent.
    s.source.run("INSERT INTO s.t VALUES (-1, 'flushes the log')");
    worker.wait_for("the value", [&] { return s.kept_by(worker) > 12'000'000; });
    s.open.query(
        "ROLLBACK TO one; SAVEPOINT two; INSERT INTO s.t VALUES (3, repeat('y', 12000000));"
        "RELEASE two; INSERT INTO s.t VALUES (4, 'c'); COMMIT");
    CHECK(s.arrive_and_stop(worker) == "exit code 0");
    CHECK(s.parts() != "0");
    CHECK(s.differences() == "");
    CHECK(s.rows_of_target() == "4");
}

}  // namespace

TEST_CASE("postgres: a large subtransaction that is taken back without a word leaves nothing") {
    Streams s;
    takes_unsaid_subtransactions_back(s);
}

TEST_CASE("postgres 17: a large subtransaction that is taken back without a word leaves nothing") {
    constexpr auto release = PostgresServer::Release::seventeen;
    if (const auto why = PostgresServer::why_unavailable(release)) {
        skip(*why);
        return;
    }
    Streams s(release);
    takes_unsaid_subtransactions_back(s);
}

TEST_CASE("postgres: a streamed transaction that is prepared counts when that is committed") {
    Streams s;
    WorkerProcess worker(s.ini(), s.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    auto other = s.source.connect();
    s.open.query("BEGIN");
    s.insert(s.open, 1, 3000);
    s.wait_for_a_part(worker);
    other.query("BEGIN");
    s.insert(other, 5001, 8000);
    other.query("PREPARE TRANSACTION 'gone'");
    s.open.query("PREPARE TRANSACTION 'kept'");
    s.source.run("INSERT INTO s.t VALUES (-1, 'between')");
    worker.wait_for_checkpoint(s.source.wal_end());
    CHECK(s.rows_of_target() == "1");
    s.source.run("ROLLBACK PREPARED 'gone'");
    s.source.run("COMMIT PREPARED 'kept'");
    CHECK(s.arrive_and_stop(worker) == "exit code 0");
    CHECK(s.differences() == "");
    CHECK(s.rows_of_target() == "3001");
    CHECK(s.parts() != "0");
}

TEST_CASE("postgres: large transactions in progress side by side come in the order of commits") {
    Streams s;
    WorkerProcess worker(s.ini(), s.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    std::vector<PostgresConnection> sessions;
    for (int i = 0; i < 4; ++i) sessions.push_back(s.source.connect());
    for (auto& session : sessions) session.query("BEGIN");
    for (int round = 0; round < 5; ++round) {
        for (int i = 0; i < 4; ++i) {
            const int first = i * 100'000 + round * 1000;
            s.insert(sessions[static_cast<std::size_t>(i)], first, first + 999);
        }
    }
    s.wait_for_a_part(worker);
    sessions[3].query("UPDATE s.t SET v='of 3'; COMMIT");
    sessions[1].query("UPDATE s.t SET v='of 1' WHERE id >= 300000 OR id % 2 = 0; COMMIT");
    sessions[2].query("TRUNCATE s.u; ROLLBACK");
    sessions[0].query("DELETE FROM s.t WHERE id % 3 = 0; COMMIT");
    CHECK(s.arrive_and_stop(worker) == "exit code 0");
    CHECK(s.differences() == "");
    CHECK(s.parts() != "0");
}

TEST_CASE("postgres: a table that a streamed transaction knew otherwise is read as it is now") {
    Streams s;
    s.run_on_both("CREATE TABLE s.two (id int PRIMARY KEY, a text, b text)");
    WorkerProcess worker(s.ini(), s.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    s.open.query(
        "BEGIN; SAVEPOINT one; INSERT INTO s.two SELECT i, repeat('a', 100), 'b' FROM "
        "generate_series(1, 3000) i");
    s.wait_for_a_part(worker);
    s.open.query("ROLLBACK TO one");
    // What was taken back holds no lock.
    s.source.run(
        "ALTER TABLE s.two RENAME a TO c; ALTER TABLE s.two RENAME b TO a;"
        "ALTER TABLE s.two RENAME c TO b; INSERT INTO s.two (id, a, b) VALUES (1, 'a', 'b')");
    s.insert(s.open, 1, 3000);
    s.open.query("COMMIT");
    s.source.run("INSERT INTO s.two (id, a, b) VALUES (2, 'a', 'b')");
    worker.wait_for_checkpoint(s.source.wal_end());
    CHECK(worker.stop().status.code == 0);
    CHECK(s.target.scalar("SELECT string_agg(id || a || b, ' ' ORDER BY id) FROM s.two") ==
          "1ab 2ab");
    CHECK(s.rows_of_target() == "3000");
}

TEST_CASE("postgres: SIGTERM and a take-over inside a streamed transaction lose nothing") {
    Streams s;
    const auto ini =
        s.ini().set("global", "task_id", "one").set("global", "on_conflict", "take_over");
    auto worker = std::make_unique<WorkerProcess>(ini, s.folder.path());
    worker->wait_for_line("PgCdcExtractor starts");
    s.open.query("BEGIN");
    s.insert(s.open, 1, 3000);
    s.wait_for_a_part(*worker);
    CHECK(worker->stop().status.code == 0);
    worker = std::make_unique<WorkerProcess>(ini, s.folder.path());
    worker->wait_for_line("PgCdcExtractor starts");
    s.wait_for_a_part(*worker);
    WorkerProcess other(ini, s.folder.path(), {}, "other");
    other.wait_for_line("PgCdcExtractor starts");
    s.insert(s.open, 3001, 6000);
    s.wait_for_a_part(other);
    s.open.query("COMMIT");
    CHECK(s.arrive_and_stop(other) == "exit code 0");
    CHECK(worker->wait_for_exit().status.code != 0);
    CHECK(s.differences() == "");
    CHECK(s.rows_of_target() == "6000");
}

TEST_CASE("postgres: a streamed transaction that can not be read again is read from the source") {
    Streams s;
    WorkerProcess worker(s.ini(), s.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    s.open.query("BEGIN");
    s.insert(s.open, 1, 5000);
    s.wait_for_a_part(worker);
    s.source.run("INSERT INTO s.t VALUES (-1, 'flushes the log')");
    worker.wait_for("most of it", [&] { return s.kept_by(worker) > 400'000; });
    for (const auto& file : s.kept_files(worker)) std::filesystem::resize_file(file, 200'000);
    s.open.query("COMMIT");
    CHECK_THAT(worker.wait_for_line("can not be kept in"), Catch::Contains("reading it: "));
    CHECK(s.arrive_and_stop(worker) == "exit code 0");
    CHECK(s.differences() == "");
    CHECK(s.rows_of_target() == "5001");
}

TEST_CASE("postgres: a source that can not be asked of subtransactions is read without streaming") {
    // Its own is the only walsender.
    Streams s(PostgresServer::Release::debian, "max_wal_senders=1");
    WorkerProcess worker(s.ini(), s.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    s.open.query("BEGIN; SAVEPOINT one");
    s.insert(s.open, 1, 3000);
    s.wait_for_a_part(worker);
    s.open.query("COMMIT");
    CHECK_THAT(worker.wait_for_line("can not be asked which subtransactions"),
               Catch::Contains("HINT: it takes one more connection"));
    CHECK(s.arrive_and_stop(worker) == "exit code 0");
    CHECK(s.differences() == "");
    CHECK(s.rows_of_target() == "3000");
}

TEST_CASE("postgres: a streamed transaction of thousands of subtransactions arrives as it is") {
    Streams s;
    WorkerProcess worker(s.ini(), s.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    s.source.run(
        "DO $$ BEGIN FOR i IN 1..20000 LOOP BEGIN "
        "INSERT INTO s.t VALUES (i % 15000, repeat('x', 50)) ON CONFLICT (id) DO UPDATE SET "
        "v='again'; IF i % 3 = 0 THEN RAISE EXCEPTION 'no'; END IF; "
        "EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END $$");
    CHECK(s.arrive_and_stop(worker) == "exit code 0");
    CHECK(s.differences() == "");
    CHECK(s.parts() != "0");
    CHECK_THAT(worker.default_log(), !Catch::Contains("WARN"));
}
