// Where a task starts, and what it says about that: the lines that users look for, word for word.
#include <catch2/catch.hpp>

#include "test/integration/server_pair.hpp"
#include "test/servers/mysql_server.hpp"
#include "test/skip.hpp"

using namespace dts;
using namespace dts::test;
using Catch::EndsWith;
using Catch::Matches;

namespace {

constexpr auto heartbeat_table = "heartbeat_db.ape_dts_heartbeat";

std::string start_line(const std::string& file, const std::string& position,
                       std::string_view gtid_enabled = "false", std::string_view gtid_set = "") {
    return fmt::format(
        " - MysqlCdcExtractor starts, binlog_filename: {}, binlog_position: {}, gtid_enabled: {}, "
        "gtid_set: {}, heartbeat_interval_secs: 1, heartbeat_tb: {}",
        file, position, gtid_enabled, gtid_set, heartbeat_table);
}

/// d.t on both sides, and the source's binlog in its fourth file, as in the examples.
struct Example : MariadbPair {
    Example() {
        run_on_both("CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY, v VARCHAR(20))");
        source.run("INSERT INTO d.t VALUES (1, 'too early')");
        source.run("FLUSH BINARY LOGS; FLUSH BINARY LOGS; FLUSH BINARY LOGS");
        start = source.binlog_end();
        REQUIRE(start.file == "mysql-bin.000004");
    }

    TaskIni example_ini() const {
        TaskIni task = ini();
        task.set("extractor", "heartbeat_interval_secs", "1")
            .set("extractor", "heartbeat_tb", heartbeat_table)
            .set("extractor", "binlog_position", std::to_string(start.position))
            .set("extractor", "binlog_filename", start.file)
            .remove("resumer", "resume_from_log");
        return task;
    }

    std::string ids_of_target() {
        return target.scalar("SELECT GROUP_CONCAT(id ORDER BY id) FROM d.t");
    }

    BinlogEnd start;
};

void resumes_by_gtid(DatabaseServer& source, DatabaseServer& target) {
    const TempFolder folder("task");
    for (auto* server : {&source, &target}) {
        server->run("CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY)");
    }
    TaskIni ini = TaskIni::mysql_cdc(source, target, "d");
    ini.set("extractor", "gtid_enabled", "true")
        .set("extractor", "heartbeat_interval_secs", "1")
        .set("extractor", "heartbeat_tb", heartbeat_table);
    {
        WorkerProcess worker(ini, folder.path());
        worker.wait_for_line("MysqlCdcExtractor starts");
        source.run("INSERT INTO d.t VALUES (1)");
        worker.wait_for_checkpoint(source.binlog_end());
        CHECK(worker.stop().status.code == 0);
    }
    const auto record = last_record(folder / "task", "checkpoint_position");
    const auto gtid_set = json_field(record, "gtid_set");
    CHECK_FALSE(gtid_set.empty());
    source.run("INSERT INTO d.t VALUES (2)");

    WorkerProcess worker(ini, folder.path());
    CHECK_THAT(worker.wait_for_line("resume from: "), EndsWith("resume from: " + record));
    CHECK_THAT(worker.wait_for_line("MysqlCdcExtractor starts"),
               EndsWith(start_line(json_field(record, "binlog_filename"),
                                   json_field(record, "next_event_position"), "true", gtid_set)));
    worker.wait_for_checkpoint(source.binlog_end());
    CHECK(target.scalar("SELECT GROUP_CONCAT(id ORDER BY id) FROM d.t") == "1,2");
}

}  // namespace

TEST_CASE("resume: example 1, without a record the ini's position counts, then the log's") {
    Example example;
    TaskIni ini = example.example_ini();
    ini.set("resumer", "resume_from_log", "true");
    {
        WorkerProcess worker(ini, example.folder.path());
        const auto line = worker.wait_for_line("MysqlCdcExtractor starts");
        CHECK_THAT(
            line, EndsWith(start_line("mysql-bin.000004", std::to_string(example.start.position))));
        CHECK_THAT(line, Matches(R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} - INFO - \[\d+\] - .*)"));
        CHECK(worker.default_log().find("resume from: ") == std::string::npos);
        example.source.run("INSERT INTO d.t VALUES (2, 'two')");
        worker.wait_for_checkpoint(example.source.binlog_end());
        CHECK(worker.stop().status.code == 0);
    }
    CHECK(example.ids_of_target() == "2");

    const auto record = last_record(example.log_folder(), "checkpoint_position");
    example.source.run("INSERT INTO d.t VALUES (3, 'while it was down')");
    WorkerProcess worker(ini, example.folder.path());
    CHECK_THAT(worker.wait_for_line("resume from: "), EndsWith(" - resume from: " + record));
    CHECK_THAT(worker.wait_for_line("MysqlCdcExtractor starts"),
               EndsWith(start_line(json_field(record, "binlog_filename"),
                                   json_field(record, "next_event_position"))));
    worker.wait_for_checkpoint(example.source.binlog_end());
    CHECK(worker.stop().status.code == 0);
    CHECK(example.ids_of_target() == "2,3");
}

TEST_CASE("resume: example 1, a position.log of ape-dts is used as it is") {
    Example example;
    example.source.run("INSERT INTO d.t VALUES (2, 'by ape-dts')");
    const auto end = example.source.binlog_end();
    const auto record = fmt::format(
        R"({{"type":"MysqlCdc","server_id":"","binlog_filename":"{}","next_event_position":{},)"
        R"("gtid_set":"","timestamp":"2024-10-18 05:21:44.000"}})",
        end.file, end.position);
    std::filesystem::create_directories(example.log_folder());
    write_file(example.log_folder() / "position.log",
               "2024-10-18 05:21:45.207788 | current_position | " + record + "\n" +
                   "2024-10-18 05:21:45.207788 | checkpoint_position | " + record + "\n");
    example.source.run("INSERT INTO d.t VALUES (3, 'new')");

    TaskIni ini = example.example_ini();
    ini.set("resumer", "resume_from_log", "true");
    WorkerProcess worker(ini, example.folder.path());
    CHECK_THAT(worker.wait_for_line("resume from: "), EndsWith(" - resume from: " + record));
    CHECK_THAT(worker.wait_for_line("MysqlCdcExtractor starts"),
               EndsWith(start_line(end.file, std::to_string(end.position))));
    worker.wait_for_checkpoint(example.source.binlog_end());
    CHECK(example.ids_of_target() == "3");
}

TEST_CASE("resume: example 2, the resume file's record wins over the ini's position") {
    Example example;
    example.source.run("INSERT INTO d.t VALUES (2, 'before the record')");
    const auto end = example.source.binlog_end();
    const auto record = fmt::format(
        R"({{"type":"MysqlCdc","server_id":"","binlog_filename":"{}","next_event_position":{},)"
        R"("gtid_set":"","timestamp":"2024-10-18 05:21:44.000"}})",
        end.file, end.position);
    write_file(example.folder / "resume.config",
               "# written by hand\n\n| checkpoint_position | " + record + "\n");
    example.source.run("INSERT INTO d.t VALUES (3, 'behind the record')");

    TaskIni ini = example.example_ini();
    ini.set("resumer", "resume_config_file", "./resume.config");
    WorkerProcess worker(ini, example.folder.path(),
                         {.args = {}, .environment = {}, .working_folder = example.folder.path()});
    CHECK_THAT(worker.wait_for_line("resume from: "), EndsWith(" - resume from: " + record));
    CHECK_THAT(worker.wait_for_line("MysqlCdcExtractor starts"),
               EndsWith(start_line(end.file, std::to_string(end.position))));
    worker.wait_for_checkpoint(example.source.binlog_end());
    CHECK(worker.stop().status.code == 0);
    CHECK(example.ids_of_target() == "3");
}

TEST_CASE("resume: by GTID, MariaDB") {
    MariadbServer source, target;
    resumes_by_gtid(source, target);
}

TEST_CASE("resume: by GTID, MySQL") {
    if (const auto why = MysqlServer::why_unavailable()) return skip(*why);
    MysqlServer source, target;
    resumes_by_gtid(source, target);
}

TEST_CASE("resume: a worker killed before its first interval finds its start again") {
    MariadbPair pair;
    pair.run_on_both("CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY)");
    TaskIni ini = pair.ini();
    ini.set("pipeline", "checkpoint_interval_secs", "1000");
    {
        WorkerProcess worker(ini, pair.folder.path());
        worker.wait_for_line("MysqlCdcExtractor starts");
        worker.kill();
        CHECK(worker.wait_for_exit().status.signal == 9);
    }
    pair.source.run("INSERT INTO d.t VALUES (1)");
    ini.set("pipeline", "checkpoint_interval_secs", "1");
    WorkerProcess worker(ini, pair.folder.path());
    worker.wait_for_line("resume from: ");
    worker.wait_for_checkpoint(pair.source.binlog_end());
    CHECK(pair.differences() == "");
}

TEST_CASE("resume: --explain says what the run then does, and touches nothing") {
    MariadbPair pair;
    pair.run_on_both("CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY)");
    {
        WorkerProcess worker(pair.ini(), pair.folder.path());
        worker.wait_for_line("MysqlCdcExtractor starts");
        pair.source.run("INSERT INTO d.t VALUES (1)");
        worker.wait_for_checkpoint(pair.source.binlog_end());
        worker.stop();
    }
    const auto record = last_record(pair.log_folder(), "checkpoint_position");
    const auto before = read_file(pair.log_folder() / "position.log");
    const auto explained = run_worker({(pair.folder / "task.ini").string(), "--log-dir",
                                       pair.log_folder().string(), "--explain"});
    CHECK(explained.status.code == 0);
    CHECK_THAT(explained.output, Catch::StartsWith("resume from: " + record + "\n"));
    CHECK_THAT(explained.output, Catch::Contains("\nsource holds it: yes"));
    CHECK_THAT(explained.output, Catch::Contains("\ntarget's checkpoint: " + record + "\n"));
    CHECK(read_file(pair.log_folder() / "position.log") == before);

    WorkerProcess worker(pair.ini(), pair.folder.path());
    CHECK_THAT(worker.wait_for_line("resume from: "), EndsWith(" - resume from: " + record));
}
