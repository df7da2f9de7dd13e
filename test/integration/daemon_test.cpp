// dtsd with its own processes, between real servers: tasks come, change, fail, are killed and go.
#include <catch2/catch.hpp>

#include <signal.h>

#include "test/integration/daemon_ground.hpp"
#include "test/integration/server_pair.hpp"
#include "test/servers/folder_watch.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;

namespace {

/// Two databases on both servers, a task for each.
struct Ground : MariadbPair {
    Ground() {
        run_on_both(
            "CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY, n INT);"
            "CREATE DATABASE e; CREATE TABLE e.t (id INT PRIMARY KEY, n INT)");
        first = TaskIni::mysql_cdc(source, target, "d");
        second = TaskIni::mysql_cdc(source, target, "e");
        // It is dts.conf that says it.
        first.remove("resumer", "resume_from_log");
        second.remove("resumer", "resume_from_log");
    }

    /// Each task's next rows.
    void write(int rows = 100) {
        for (const char* table : {"d.t", "e.t"}) {
            source.run(fmt::format("INSERT INTO {} SELECT seq, seq * 7 FROM d.seq_{}_to_{}", table,
                                   written + 1, written + rows));
        }
        source.run(fmt::format("UPDATE d.t SET n = n + 1 WHERE id <= {}", written));
        written += rows;
    }

    bool has_come(const TaskView& view) const {
        const BinlogEnd end = const_cast<Ground*>(this)->source.binlog_end();
        if (!view.worker || view.worker->checkpoint.empty()) return false;
        const std::string& record = view.worker->checkpoint;
        const std::string file = json_field(record, "binlog_filename");
        if (file != end.file) return file > end.file;
        return std::stoull(json_field(record, "next_event_position")) >= end.position;
    }
    void wait_for_all() {
        for (const char* task : {"first", "second"}) {
            dtsd.wait_for(task, "has come to the end",
                          [this](const TaskView& view) { return streams(view) && has_come(view); });
        }
    }
    std::string differences_of_both() {
        auto left = source.connect();
        auto right = target.connect();
        return compare_databases(left, right, "d") + compare_databases(left, right, "e");
    }

    DaemonGround dtsd;
    TaskIni first, second;
    int written = 0;
};

pid_t pid_of(const TaskView& view) {
    return static_cast<pid_t>(view.unit.pid);
}

bool is_alive(pid_t pid) {
    return ::kill(pid, 0) == 0;
}

}  // namespace

TEST_CASE("daemon: inis that are dropped run, die, resume, change and go", "[daemon]") {
    Ground ground;
    DaemonGround& dtsd = ground.dtsd;
    dtsd.start();
    CHECK(dtsd.ctl({"list"}).code == 0);
    dtsd.put("first", ground.first);
    dtsd.put("second", ground.second);
    const pid_t first = pid_of(dtsd.wait_until_streams("first"));
    const pid_t second = pid_of(dtsd.wait_until_streams("second"));
    ground.write();
    ground.wait_for_all();
    CHECK(ground.differences_of_both() == "");
    CHECK(last_record(dtsd.log_folder("first"), "checkpoint_position") != "");
    CHECK(last_record(dtsd.log_folder("second"), "checkpoint_position") != "");

    // A worker is killed while there is something to do.
    ::kill(first, SIGKILL);
    ground.write();
    const TaskView again = dtsd.wait_for("first", "runs again", [&](const TaskView& view) {
        return streams(view) && view.unit.restarts == 1;
    });
    CHECK(pid_of(again) != first);
    ground.wait_for_all();
    CHECK(ground.differences_of_both() == "");
    CHECK(dtsd.view("second").unit.pid == second);
    CHECK_THAT(read_file(dtsd.log_folder("first") / "default.log"), Contains("resume from: "));

    // What cannot be used is told, and touches nobody.
    dtsd.put("broken", "[extractor]\ndb_tipe=mysql\n");
    TaskIni same_id = ground.second;
    dtsd.put("twin", same_id.set("filter", "do_dbs", "x"));
    CHECK(dtsd.wait_for("broken", "is told",
                        [](const TaskView& view) { return !view.ini_problem.empty(); })
              .state == TaskState::failed);
    CHECK_THAT(dtsd.wait_for("twin", "is told",
                             [](const TaskView& view) { return !view.ini_problem.empty(); })
                   .reason,
               Contains("task second") && Contains("task twin") && Contains("server_id"));
    dtsd.put("second", "garbage");
    CHECK(streams(dtsd.wait_for("second", "is told",
                                [](const TaskView& view) { return !view.ini_problem.empty(); })));
    const auto list = dtsd.ctl({"list"});
    CHECK_THAT(list.out, Contains("db_tipe") && Contains("server_id") && Contains("second.ini:1"));
    ground.write();
    ground.wait_for_all();
    CHECK(dtsd.view("first").unit.pid == again.unit.pid);
    CHECK(dtsd.view("second").unit.pid == second);

    // A real change restarts, and resumes.
    dtsd.put("second", ground.second.set("sinker", "batch_size", "7"));
    dtsd.wait_for("second", "runs anew", [&](const TaskView& view) {
        return streams(view) && view.unit.pid != second && view.ini_problem.empty();
    });
    ground.write();
    ground.wait_for_all();
    CHECK(ground.differences_of_both() == "");

    const pid_t last = pid_of(dtsd.view("first"));
    dtsd.remove("first");
    dtsd.wait_until_gone("first");
    CHECK_FALSE(is_alive(last));
    CHECK_THAT(read_file(dtsd.log_folder("first") / "default.log"), Contains("task first stopped"));
    CHECK(streams(dtsd.view("second")));
}

TEST_CASE("daemon: its end stops its workers cleanly, and the next one resumes", "[daemon]") {
    Ground ground;
    DaemonGround& dtsd = ground.dtsd;
    dtsd.put("first", ground.first);
    dtsd.put("second", ground.second);
    dtsd.start();
    dtsd.wait_until_streams("first");
    dtsd.wait_until_streams("second");
    ground.write();
    ground.wait_for_all();

    SECTION("by SIGTERM") {
        const pid_t pids[] = {pid_of(dtsd.view("first")), pid_of(dtsd.view("second"))};
        CHECK(dtsd.stop().code == 0);
        for (const pid_t pid : pids) CHECK_FALSE(is_alive(pid));
        for (const char* task : {"first", "second"}) {
            CHECK_THAT(read_file(dtsd.log_folder(task) / "default.log"),
                       Contains(fmt::format("task {} stopped", task)));
        }
        CHECK_FALSE(std::filesystem::exists(dtsd.run_folder() / "control.sock"));
    }
    SECTION("or by SIGKILL, which its workers do not outlive unseen") {
        dtsd.kill();
    }

    ground.write();
    dtsd.start();
    ground.wait_for_all();
    CHECK(ground.differences_of_both() == "");
    for (const char* task : {"first", "second"}) CHECK(dtsd.view(task).unit.restarts == 0);
}

TEST_CASE("daemon: a gap is told, and not answered by a restart", "[daemon]") {
    Ground ground;
    DaemonGround& dtsd = ground.dtsd;
    dtsd.put("first", ground.first);
    dtsd.start();
    dtsd.wait_until_streams("first");
    ground.write();
    dtsd.wait_for("first", "has come to the end",
                  [&](const TaskView& view) { return ground.has_come(view); });
    CHECK(dtsd.ctl({"stop", "first"}).code == 0);
    CHECK(dtsd.ctl({"status", "first"}).code == 1);

    ground.write();
    ground.source.run("FLUSH BINARY LOGS; FLUSH BINARY LOGS");
    ground.source.restart();  // MariaDB keeps what a checkpoint of InnoDB may need
    ground.source.run(fmt::format("PURGE BINARY LOGS TO '{}'", ground.source.binlog_end().file));
    const auto start = dtsd.ctl({"start", "first"});
    CHECK(start.code == 5);
    const TaskView gap = dtsd.wait_for("first", "is a gap", [](const TaskView& view) {
        return view.state == TaskState::gap && view.unit.active == UnitState::Active::failed;
    });
    CHECK(gap.unit.exit_code == 66);
    CHECK(gap.unit.restarts == 0);
    CHECK_THAT(gap.reason, Contains("mysql-bin.000001") && Contains("HINT: "));
    const auto list = dtsd.ctl({"list"});
    CHECK(list.code == 0);
    CHECK_THAT(list.out, Contains("gap") && Contains(gap.reason.substr(0, 40)));
    const auto status = dtsd.ctl({"status", "first"});
    CHECK(status.code == 1);
    CHECK_THAT(status.out, Contains("gap") && Contains("exit code 66"));
    const auto explained = dtsd.ctl({"explain", "first"});
    CHECK(explained.code == 66);

    // Without the daemon, the log directory says the same.
    CHECK(dtsd.stop().code == 0);
    const auto offline = dtsd.ctl({"list"});
    CHECK(offline.code == 0);
    CHECK_THAT(offline.err, Contains("dtsd is not there"));
    CHECK_THAT(offline.out, Contains("gap") && Contains(gap.reason.substr(0, 40)));
}

TEST_CASE("daemon: SIGHUP reads again what is not watched, and touches no running task",
          "[daemon]") {
    Ground ground;
    DaemonGround& dtsd = ground.dtsd;
    const TempFolder secrets("secrets");
    ground.second
        .set("sinker", "url",
             fmt::format("mysql://{}@127.0.0.1:{}", SqlServer::username, ground.target.port()))
        .set("sinker", "password_file", (secrets / "target").string());
    dtsd.put("first", ground.first);
    dtsd.put("second", ground.second);
    dtsd.start();
    const pid_t first = pid_of(dtsd.wait_until_streams("first"));
    CHECK_THAT(dtsd.wait_for("second", "is told",
                             [](const TaskView& view) { return !view.ini_problem.empty(); })
                   .ini_problem,
               Contains((secrets / "target").string()));

    // A file outside the folder of inis: nothing tells dtsd that it has come.
    write_file(secrets / "target", SqlServer::password);
    dtsd.hang_up();
    CHECK(dtsd.wait_until_streams("second").ini_problem.empty());
    CHECK(dtsd.view("first").unit.pid == first);
    ground.write();
    ground.wait_for_all();
    CHECK(ground.differences_of_both() == "");
}

TEST_CASE("daemon: of two on one run folder, the second is refused", "[daemon]") {
    DaemonGround dtsd;
    dtsd.start();
    const TempFolder output("second");
    Command command = dtsd.dtsd_command();
    command.stdout_file = command.stderr_file = output / "log";
    ChildProcess second(command);
    CHECK(second.wait(std::chrono::seconds(20)).value().code == 73);
    CHECK_THAT(read_file(output / "log"), Contains(std::to_string(dtsd.pid())));
    CHECK(dtsd.ctl({"list"}).code == 0);
}

TEST_CASE("dtsctl: watch and logs -f go on until they are told to end", "[daemon]") {
    Ground ground;
    DaemonGround& dtsd = ground.dtsd;
    dtsd.put("first", ground.first);
    dtsd.start();
    dtsd.wait_until_streams("first");
    const TempFolder output("watch");
    const auto file = output / "out";
    const auto says = [&](const Command& command, const char* before, const char* behind) {
        write_file(file, "");
        Command written = command;
        written.stdout_file = file;
        ChildProcess process(written);
        const auto wait_for = [&](const char* text) {
            return wait_until(
                       output.path(),
                       [&] { return read_file(file).find(text) != std::string::npos; },
                       std::chrono::seconds(30), &process) == WaitResult::done;
        };
        INFO(command.args.back());
        CHECK(wait_for(before));
        CHECK(dtsd.ctl({"restart", "first"}).code == 0);
        CHECK(wait_for(behind));
        process.signal(SIGINT);
        const auto status = process.wait(std::chrono::seconds(20));
        REQUIRE(status);
        return status->text();
    };
    CHECK(says(dtsd.ctl_command({"watch"}), "first", "starting") == "exit code 0");
    CHECK(says(dtsd.ctl_command({"watch", "--json"}), "\"name\":\"first\"", "starting") ==
          "exit code 0");
    CHECK(says(dtsd.ctl_command({"logs", "first", "-f", "-n", "1"}), " - INFO - ",
               "task first stopped") == "exit code 0");
}

TEST_CASE("dtsctl: watch on a terminal draws its table anew, and ends at q", "[daemon]") {
    Ground ground;
    DaemonGround& dtsd = ground.dtsd;
    dtsd.put("first", ground.first);
    dtsd.start();
    dtsd.wait_until_streams("first");
    const TempFolder output("screen");
    std::string watch;
    for (const auto& word : dtsd.ctl_command({"watch"}).args) watch += word + ' ';
    // script(1) lends it a terminal; what is typed comes through a pipe with a name.
    Command command;
    command.args = {"sh", "-c", "mkfifo keys && exec script -qfec \"$0\" /dev/null <>keys", watch};
    command.args[2] = "cd " + output.path().string() + " && " + command.args[2];
    command.stdout_file = output / "screen";
    ChildProcess process(command);
    const auto drawn = [&](int times) {
        return wait_until(
                   output.path(),
                   [&] {
                       const auto screen = read_file(output / "screen");
                       int heads = 0;
                       for (std::size_t at = 0; (at = screen.find("POSITION", at)) != screen.npos;
                            ++at)
                           ++heads;
                       return heads >= times && screen.find("first") != screen.npos;
                   },
                   std::chrono::seconds(30), &process) == WaitResult::done;
    };
    CHECK(drawn(1));
    CHECK(dtsd.ctl({"restart", "first"}).code == 0);
    CHECK(drawn(3));
    write_file(output / "keys", "q");
    const auto status = process.wait(std::chrono::seconds(20));
    REQUIRE(status);
    CHECK(status->text() == "exit code 0");
}

TEST_CASE("dtsctl: what it shows, and its exit codes", "[daemon]") {
    Ground ground;
    DaemonGround& dtsd = ground.dtsd;
    dtsd.put("first", ground.first);
    dtsd.put("off", ground.second.set("global", "enabled", "false"));
    dtsd.start();
    dtsd.wait_until_streams("first");
    ground.write();
    dtsd.wait_for("first", "has come to the end",
                  [&](const TaskView& view) { return ground.has_come(view); });

    CHECK_THAT(dtsd.ctl({"list"}).out, Contains("first") && Contains("caught up") &&
                                           Contains("off") && Contains("enabled=false"));
    CHECK_THAT(dtsd.ctl({"--json", "list"}).out, Contains("\"name\":\"first\""));
    const auto status = dtsd.ctl({"status", "first"});
    CHECK(status.code == 0);
    CHECK_THAT(status.out, Contains(dtsd.log_folder("first").string()));
    CHECK(task_view_of(dtsd.ctl({"status", "first", "--json"}).out).name == "first");
    CHECK(dtsd.ctl({"status", "off"}).code == 1);
    const std::string position = dtsd.view("first").worker.value().checkpoint;
    CHECK(dtsd.ctl({"position", "first"}).out == position + "\n");
    CHECK(dtsd.ctl({"position", "off"}).code == 1);
    const auto explained = dtsd.ctl({"explain", "first"});
    CHECK(explained.code == 0);
    CHECK_THAT(explained.out, Contains("resume from: "));
    CHECK_THAT(dtsd.ctl({"logs", "first", "-n", "500"}).out, Contains("MysqlCdcExtractor starts"));
    CHECK_THAT(dtsd.ctl({"logs", "first", "-n", "1", "--json"}).out, Contains("\"level\":"));
    CHECK(dtsd.ctl({"start", "off"}).code == 5);

    for (const char* command : {"status", "position", "explain", "logs", "start", "stop"}) {
        CHECK(dtsd.ctl({command, "nix"}).code == 3);
    }
    CHECK(dtsd.ctl({"dance"}).code == 2);
    CHECK(dtsd.ctl({"--help"}).code == 0);
    const TempFolder inis("inis");
    const std::string good =
        ground.second.set("global", "enabled", "true").write(inis / "new.ini").string();
    CHECK(dtsd.ctl({"validate", good}).code == 0);
    write_file(inis / "new.ini", ground.first.text());
    const auto twin = dtsd.ctl({"validate", good});
    CHECK(twin.code == 78);
    CHECK_THAT(twin.err, Contains("task first"));

    CHECK(dtsd.ctl({"stop", "first"}).out == "first: stopped\n");
    CHECK(dtsd.ctl({"start", "first"}).out == "first: started\n");
    CHECK(dtsd.ctl({"restart", "first"}).out == "first: restarted\n");
    CHECK(dtsd.stop().code == 0);

    CHECK(dtsd.ctl({"start", "first"}).code == 4);
    CHECK(dtsd.ctl({"watch"}).code == 4);
    const auto offline = dtsd.ctl({"status", "first"});
    CHECK(offline.code == 1);
    CHECK_THAT(offline.err, Contains("dtsd is not there"));
    CHECK_THAT(offline.out, Contains("binlog_filename"));
    CHECK(json_field(dtsd.ctl({"position", "first"}).out, "type") == "MysqlCdc");
    CHECK_THAT(dtsd.ctl({"logs", "first"}).out, Contains("task first stopped"));
    CHECK(dtsd.ctl({"status", "nix"}).code == 3);
}
