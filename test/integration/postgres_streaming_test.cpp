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
    explicit Streams(Release release = Release::debian)
        : PostgresPair({"logical_decoding_work_mem=64kB", "log_replication_commands=on"}, release,
                       release),
          open(source.connect()) {
        run_on_both("CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, v text)");
    }
    TaskIni streaming() const { return ini().set("extractor", "stream_in_progress", "true"); }
    void insert(PostgresConnection& connection, int first, int last) {
        connection.query(
            fmt::format("INSERT INTO s.t SELECT i, repeat('x', 100) FROM generate_series({}, {}) i",
                        first, last));
    }
    std::string parts() {
        return source.scalar(
            "SELECT coalesce(sum(stream_count), 0) FROM pg_stat_replication_slots");
    }
    /// A part of the open transaction has arrived: its file is there, without a name.
    static bool keeps_a_file(const WorkerProcess& worker) {
        const auto folder = fmt::format("/proc/{}/fd", worker.pid());
        for (const auto& entry : std::filesystem::directory_iterator(folder)) {
            std::error_code gone;
            const auto file = std::filesystem::read_symlink(entry, gone).string();
            if (file.find("/streamed.") != std::string::npos && file.ends_with("(deleted)"))
                return true;
        }
        return false;
    }
    void wait_for_a_part(WorkerProcess& worker) {
        worker.wait_for("a part of the transaction", [&] { return keeps_a_file(worker); });
    }
    std::string rows_of_target() { return target.scalar("SELECT count(*) FROM s.t"); }

    PostgresConnection open;  ///< the session of the transaction in progress
};

/// A transaction in parts, with others between them, and parts of it taken back.
void is_streamed(Streams& s) {
    WorkerProcess worker(s.streaming(), s.folder.path());
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
    WorkerProcess worker(s.streaming(), s.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    s.open.query("BEGIN");
    s.insert(s.open, 1, 5000);
    s.wait_for_a_part(worker);
    s.open.query("ROLLBACK");
    s.source.run("INSERT INTO s.t VALUES (1, 'of another')");
    worker.wait_for_checkpoint(s.source.wal_end());
    CHECK_FALSE(Streams::keeps_a_file(worker));
    CHECK(worker.stop().status.code == 0);
    CHECK(s.differences() == "");
    CHECK(s.rows_of_target() == "1");
}

TEST_CASE("postgres: a kill or a lost connection while a transaction is streamed loses nothing") {
    Streams s;
    auto worker = std::make_unique<WorkerProcess>(s.streaming(), s.folder.path());
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
    worker = std::make_unique<WorkerProcess>(s.streaming(), s.folder.path());
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

TEST_CASE("postgres: unless stream_in_progress is set a transaction is read when it commits") {
    Streams s;
    WorkerProcess worker(s.ini(), s.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    s.open.query("BEGIN");
    s.insert(s.open, 1, 5000);
    s.open.query("COMMIT");
    CHECK(s.arrive_and_stop(worker) == "exit code 0");
    CHECK(s.differences() == "");
    CHECK(s.parts() == "0");
}
