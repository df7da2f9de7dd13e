// What a worker refuses, with which exit code and words, and that it leaves everything as it was.
#include <catch2/catch.hpp>
#include <sys/mount.h>

#include <fstream>

#include "test/integration/server_pair.hpp"
#include "test/servers/mysql_server.hpp"
#include "test/skip.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;

namespace fs = std::filesystem;

namespace {

/// A pair with d.t on both sides.
struct Refusal : MariadbPair {
    Refusal() { run_on_both("CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY)"); }

    /// A run that ends by itself.
    WorkerOutcome run(const TaskIni& task) {
        const auto file = task.write(folder / "task.ini");
        return run_worker({file.string(), "--log-dir", log_folder().string()});
    }

    /// Copies one row, so that there are positions on both sides, and stops.
    void copy_row(int id) {
        WorkerProcess worker(ini(), folder.path());
        worker.wait_for_line("MysqlCdcExtractor starts");
        source.run(fmt::format("INSERT INTO d.t VALUES ({})", id));
        worker.wait_for_checkpoint(source.binlog_end());
        REQUIRE(worker.stop().status.code == 0);
    }

    std::string position_log() const { return read_file(log_folder() / "position.log"); }
    std::string target_checkpoint() {
        return target.scalar("SELECT position_data FROM dts_metadata.task_position");
    }
    std::string ids_of_target() {
        return target.scalar("SELECT GROUP_CONCAT(id ORDER BY id) FROM d.t");
    }
};

/// The code, the words, a HINT where there is something to do, and no password.
void check_refused(const WorkerOutcome& outcome, int code, const std::vector<std::string>& words) {
    INFO(outcome.output);
    CHECK(outcome.status.text() == fmt::format("exit code {}", code));
    for (const auto& word : words) CHECK_THAT(outcome.output, Contains(word));
    CHECK_THAT(outcome.output, Contains("HINT: "));
    CHECK(outcome.output.find(DatabaseServer::password) == std::string::npos);
    CHECK(outcome.output.find("t0p%3As3cr") == std::string::npos);
}

bool mentions_password(const fs::path& folder) {
    for (const auto& entry : fs::directory_iterator(folder)) {
        const auto text = read_file(entry.path());
        if (text.find(DatabaseServer::password) != std::string::npos ||
            text.find("t0p%3As3cr") != std::string::npos) {
            return true;
        }
    }
    return false;
}

}  // namespace

TEST_CASE("refusals: an unknown key, 78, naming file, line, key and the nearest known one") {
    Refusal pair;
    TaskIni ini = pair.ini();
    ini.set("extractor", "binlog_positon", "4");
    check_refused(pair.run(ini), 78, {"task.ini:", "binlog_positon", "'binlog_position'"});
    CHECK_FALSE(fs::exists(pair.log_folder()));
}

TEST_CASE("refusals: a bad url, 78") {
    Refusal pair;
    TaskIni ini = pair.ini();
    ini.set("extractor", "url", "mysql://dts:t0p%3As3cr%40t%2Fword@127.0.0.1:seven");
    check_refused(pair.run(ini), 78, {"url", "seven"});
    ini.set("extractor", "url", pair.source.url() + "?ssl-mood=disabled");
    check_refused(pair.run(ini), 78, {"url", "ssl-mood"});
    CHECK_FALSE(fs::exists(pair.log_folder()));
}

TEST_CASE("refusals: a wrong password, 77, with the server's words") {
    Refusal pair;
    TaskIni ini = pair.ini();
    ini.set("sinker", "url", fmt::format("mysql://dts:wrong@127.0.0.1:{}", pair.target.port()));
    check_refused(pair.run(ini), 77, {"Access denied", fmt::format(":{}", pair.target.port())});
    CHECK(pair.position_log().empty());

    ini = pair.ini();
    ini.set("extractor", "url", fmt::format("mysql://dts:wrong@127.0.0.1:{}", pair.source.port()));
    check_refused(pair.run(ini), 77, {"Access denied", fmt::format(":{}", pair.source.port())});
    CHECK(pair.position_log().empty());
}

TEST_CASE("refusals: an account that may not read the binlog, 77, naming the missing right") {
    Refusal pair;
    pair.source.run("CREATE USER poor@'%' IDENTIFIED BY 'poor'; GRANT SELECT ON *.* TO poor@'%'");
    TaskIni ini = pair.ini();
    ini.set("extractor", "url", fmt::format("mysql://poor:poor@127.0.0.1:{}", pair.source.port()));
    check_refused(pair.run(ini), 77, {"'poor'", "REPLICATION SLAVE", "GRANT"});
    CHECK(pair.position_log().empty());
}

TEST_CASE("refusals: a table that the target lacks, 76; once it is there, the task goes on") {
    Refusal pair;
    pair.copy_row(1);
    const auto before = pair.target_checkpoint();
    pair.source.run("CREATE TABLE d.other (id INT PRIMARY KEY); INSERT INTO d.other VALUES (5)");

    check_refused(pair.run(pair.ini()), 76, {"`d`.`other`", "mysql-bin.0000"});
    CHECK(pair.target_checkpoint() == before);
    CHECK(last_record(pair.log_folder(), "checkpoint_position") == before);

    pair.target.run("CREATE TABLE d.other (id INT PRIMARY KEY)");
    WorkerProcess worker(pair.ini(), pair.folder.path());
    worker.wait_for_checkpoint(pair.source.binlog_end());
    CHECK(pair.differences() == "");
}

TEST_CASE("refusals: a row that the target does not take, 76, naming table, key and position") {
    Refusal pair;
    pair.copy_row(1);
    const auto before = pair.target_checkpoint();
    pair.target.run("ALTER TABLE d.t ADD CHECK (id < 100)");
    pair.source.run("INSERT INTO d.t VALUES (7)");
    pair.source.run("INSERT INTO d.t VALUES (100)");
    check_refused(pair.run(pair.ini()), 76, {"`d`.`t`", "100", "mysql-bin.0000", "CONSTRAINT"});
    // Either the prefix before the bad transaction is there with its checkpoint, or nothing is.
    const auto ids = pair.ids_of_target();
    CHECK((ids == "1" || ids == "1,7"));
    CHECK((ids == "1") == (pair.target_checkpoint() == before));

    pair.target.run("ALTER TABLE d.t DROP CONSTRAINT CONSTRAINT_1");
    WorkerProcess worker(pair.ini(), pair.folder.path());
    worker.wait_for_checkpoint(pair.source.binlog_end());
    CHECK(pair.differences() == "");
}

TEST_CASE("refusals: a binlog that is no longer there, 66, nothing written") {
    Refusal pair;
    pair.copy_row(1);
    const auto log = pair.position_log();
    const auto checkpoint = pair.target_checkpoint();
    pair.source.run("INSERT INTO d.t VALUES (2); FLUSH BINARY LOGS; FLUSH BINARY LOGS");
    // MariaDB keeps what a checkpoint of InnoDB may need: until that has been written, nothing is
    // purged.
    pair.source.restart();
    const auto oldest = pair.source.binlog_end().file;
    pair.source.run(fmt::format("PURGE BINARY LOGS TO '{}'", oldest));
    REQUIRE(pair.source.scalar("SHOW BINARY LOGS") == oldest);

    check_refused(pair.run(pair.ini()), 66, {"no longer holds", "mysql-bin.000001", oldest});
    CHECK(pair.position_log() == log);
    CHECK(pair.target_checkpoint() == checkpoint);
    CHECK(pair.ids_of_target() == "1");

    const auto explained = run_worker({(pair.folder / "task.ini").string(), "--log-dir",
                                       pair.log_folder().string(), "--explain"});
    CHECK(explained.status.code == 66);
    CHECK_THAT(explained.output, Contains("source holds it: no"));
    CHECK(explained.output.find("resume from: ") == std::string::npos);
}

TEST_CASE("refusals: a binlog position given by hand that is not there, 66") {
    Refusal pair;
    TaskIni ini = pair.ini();
    ini.set("extractor", "binlog_filename", "mysql-bin.000099")
        .set("extractor", "binlog_position", "4");
    check_refused(pair.run(ini), 66, {"mysql-bin.000099"});
    ini.set("extractor", "binlog_filename", "mysql-bin.000001")
        .set("extractor", "binlog_position", "123456789");
    check_refused(pair.run(ini), 66, {"mysql-bin.000001", "123456789"});
    CHECK(pair.position_log().empty());
}

TEST_CASE("refusals: a second worker on a log directory, 73, naming the holder") {
    Refusal pair;
    WorkerProcess first(pair.ini(), pair.folder.path());
    first.wait_for_line("MysqlCdcExtractor starts");
    const auto log = pair.position_log();
    check_refused(pair.run(pair.ini()), 73,
                  {pair.log_folder().string(), fmt::format("pid {}", first.pid())});
    CHECK(first.is_running());
    CHECK(pair.position_log() == log);
}

TEST_CASE("refusals: the same task from another log directory, 73") {
    Refusal pair;
    TaskIni ini = pair.ini();
    ini.set("global", "task_id", "the-one");
    WorkerProcess first(ini, pair.folder.path());
    first.wait_for_line("MysqlCdcExtractor starts");
    ini.set("extractor", "server_id", "4711");
    ini.write(pair.folder / "second.ini");
    check_refused(run_worker({(pair.folder / "second.ini").string(), "--log-dir",
                              (pair.folder / "second").string()}),
                  73, {"the-one", pair.log_folder().string()});
    CHECK(first.is_running());
    CHECK(read_file(pair.folder / "second" / "position.log").empty());
}

TEST_CASE("refusals: a log directory that cannot be written, 73") {
    Refusal pair;
    write_file(pair.log_folder(), "a file stands where the folder should");
    check_refused(pair.run(pair.ini()), 73, {pair.log_folder().string()});
}

TEST_CASE("refusals: a full disk, 74; with room again, nothing is lost or doubled") {
    Refusal pair;
    fs::create_directory(pair.log_folder());
    if (mount("dts-test", pair.log_folder().c_str(), "tmpfs", 0, "size=256k") != 0) {
        return skip("may not mount a small tmpfs");
    }
    struct Unmount {
        fs::path folder;
        ~Unmount() { umount2(folder.c_str(), MNT_DETACH); }
    } unmount{pair.log_folder()};

    WorkerProcess worker(pair.ini(), pair.folder.path());
    worker.wait_for_line("MysqlCdcExtractor starts");
    const auto filler = pair.log_folder() / "filler";
    {
        std::ofstream out(filler, std::ios::binary);
        while (out.write("................................................................", 64)) {
        }
    }
    pair.source.run("INSERT INTO d.t VALUES (1)");
    check_refused(worker.wait_for_exit(), 74, {"position.log", "No space left on device"});

    fs::remove(filler);
    pair.source.run("INSERT INTO d.t VALUES (2)");
    WorkerProcess again(pair.ini(), pair.folder.path());
    again.wait_for_checkpoint(pair.source.binlog_end());
    CHECK(pair.differences() == "");
    CHECK(again.stop().status.code == 0);
}

TEST_CASE("refusals: a position.log without a usable record, 65, never from elsewhere") {
    Refusal pair;
    TaskIni ini = pair.ini();
    ini.set("pipeline", "exactly_once", "false");
    {
        WorkerProcess worker(ini, pair.folder.path());
        worker.wait_for_line("MysqlCdcExtractor starts");
        worker.stop();
    }
    auto log = pair.position_log();
    for (auto at = log.find("\"type\""); at != std::string::npos; at = log.find("\"type\"", at)) {
        log[at + 1] = 'x';
    }
    write_file(pair.log_folder() / "position.log", log);
    pair.source.run("INSERT INTO d.t VALUES (1)");
    check_refused(pair.run(ini), 65, {"position.log", "no usable record"});
    CHECK(pair.position_log() == log);
    CHECK(pair.ids_of_target().empty());

    // One byte of a number that still reads well.
    fs::remove(pair.log_folder() / "position.log");
}

TEST_CASE("refusals: a digit of position.log that was changed never makes a wrong position win") {
    Refusal pair;
    TaskIni ini = pair.ini();
    ini.set("pipeline", "exactly_once", "false");
    {
        WorkerProcess worker(ini, pair.folder.path());
        worker.wait_for_line("MysqlCdcExtractor starts");
        for (int id = 1; id <= 3; ++id) {
            pair.source.run(fmt::format("INSERT INTO d.t VALUES ({})", id));
            worker.wait_for_checkpoint(pair.source.binlog_end());
        }
        worker.stop();
    }
    auto log = pair.position_log();
    const auto good = last_record(pair.log_folder(), "checkpoint_position");
    const auto digit = log.find("next_event_position\":", log.rfind("checkpoint_position | ")) + 21;
    log[digit] = log[digit] == '9' ? '8' : static_cast<char>(log[digit] + 1);
    write_file(pair.log_folder() / "position.log", log);
    const auto wrong = last_record(pair.log_folder(), "checkpoint_position");
    REQUIRE(wrong != good);

    WorkerProcess worker(ini, pair.folder.path());
    const auto line = worker.wait_for_line("resume from: ");
    CHECK(line.find(wrong) == std::string::npos);
    worker.wait_for_line("MysqlCdcExtractor starts");
    CHECK(worker.stop().status.code == 0);
    CHECK(pair.differences() == "");
}

TEST_CASE("refusals: the checkpoint of another source, 65, nothing written") {
    Refusal pair;
    pair.copy_row(1);
    const auto log = pair.position_log();
    const auto checkpoint = pair.target_checkpoint();
    MariadbServer other;
    other.run(
        "CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY); INSERT INTO d.t VALUES (9)");
    TaskIni ini = pair.ini();
    ini.set("extractor", "url", other.url());
    check_refused(pair.run(ini), 65,
                  {fmt::format("server_id={}", pair.source.server_id()),
                   fmt::format("server_id={}", other.server_id())});
    CHECK(pair.position_log() == log);
    CHECK(pair.target_checkpoint() == checkpoint);
    CHECK(pair.ids_of_target() == "1");
}

TEST_CASE("refusals: the checkpoint of another MySQL source, 65") {
    if (const auto why = MysqlServer::why_unavailable()) return skip(*why);
    ServerPair<MysqlServer, MariadbServer> pair;
    pair.run_on_both("CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY)");
    {
        WorkerProcess worker(pair.ini(), pair.folder.path());
        worker.wait_for_line("MysqlCdcExtractor starts");
        worker.stop();
    }
    // Its twin in all but server_uuid, as after a restore onto a new machine.
    ServerOptions twin;
    twin.server_id = pair.source.server_id();
    MysqlServer other(twin);
    TaskIni ini = pair.ini();
    ini.set("extractor", "url", other.url()).write(pair.folder / "task.ini");
    check_refused(
        run_worker({(pair.folder / "task.ini").string(), "--log-dir", pair.log_folder().string()}),
        65, {"server_uuid="});
}

TEST_CASE("refusals: a source that is not there, 69, after retries") {
    Refusal pair;
    pair.source.stop();
    const auto outcome = pair.run(pair.ini());
    check_refused(outcome, 69, {fmt::format("127.0.0.1:{}", pair.source.port())});
    CHECK_FALSE(mentions_password(pair.log_folder()));
    CHECK(pair.position_log().empty());
}

TEST_CASE("refusals: a source without row events, 78") {
    Refusal pair;
    pair.source.run("SET GLOBAL binlog_format='STATEMENT'");
    check_refused(pair.run(pair.ini()), 78, {"binlog_format", "STATEMENT"});
    pair.source.run("SET GLOBAL binlog_format='ROW'; SET GLOBAL binlog_row_image='MINIMAL'");
    check_refused(pair.run(pair.ini()), 78, {"binlog_row_image", "MINIMAL"});
    CHECK(pair.position_log().empty());
}
