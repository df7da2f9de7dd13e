// Small files of the daemon, and those that it is delivered with.
#include <catch2/catch.hpp>

#include "daemon/dtsctl/offline_tasks.hpp"
#include "daemon/folder/start_record.hpp"
#include "daemon/folder/task_name.hpp"
#include "daemon/service/about_daemon.hpp"
#include "daemon/service/run_folder.hpp"
#include "daemon/units/backend_factory.hpp"
#include "daemon/units/process_output.hpp"
#include "lib/base/error.hpp"
#include "lib/config/key_table.hpp"
#include "lib/config/task_config.hpp"
#include "test/unit/daemon/task_files.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;

TEST_CASE("dts.conf: every key of the table with its default, and resume_from_log set",
          "[daemon]") {
    const std::string conf = read_text("etc/dts.conf");
    std::string table = help_config_text();
    table.erase(0, table.find("\n\n"));
    const std::string off = "\n#resume_from_log = false\n", on = "\nresume_from_log=true\n";
    REQUIRE(table.find(off) != std::string::npos);
    table.replace(table.find(off), off.size(), on);
    // When it differs: dts-worker --help-config says what there is now.
    CHECK(conf.substr(conf.find("\n\n")) == table);

    const IniFile defaults = read_ini_file("etc/dts.conf");
    CHECK(defaults.entries.size() == 1);
    const IniFile ini = parse_ini(task_ini(1), "t.ini");
    CHECK(make_task_config(ini, "t", &defaults).resumer.resume_from == ResumeFrom::log);
}

TEST_CASE("examples: those for what is built are valid, the others are refused", "[daemon]") {
    const IniFile defaults = read_ini_file("etc/dts.conf");
    const auto load = [&](const std::string& text) {
        const IniFile ini = parse_ini(text, "example");
        return make_task_config(ini, "t", &defaults);
    };
    int examples = 0;
    for (const auto& entry : std::filesystem::directory_iterator("etc/tasks.d")) {
        INFO(entry.path());
        std::string text = read_text(entry.path());
        ++examples;
        // dtsd must not take an example for a task.
        CHECK_FALSE(task_of_file(entry.path().filename().string()).has_value());
        if (text.find("THIS VERSION REFUSES IT") == std::string::npos) {
            CHECK_NOTHROW(load(text));
            continue;
        }
        CHECK(parse_ini(text, "example").entries.empty());
        // With its lines taken in, it is known, and refused for what it is.
        for (auto at = text.find("\n#"); at != std::string::npos; at = text.find("\n#", at + 1)) {
            if (text[at + 2] != ' ') text.erase(at + 1, 1);
        }
        CHECK_THROWS_WITH(load(text), Contains("not built yet"));
    }
    CHECK(examples == 4);
}

TEST_CASE("task names: what a file, a unit and a label can be called", "[daemon]") {
    for (const char* name : {"a", "task1", "A.b-c_d", "0", "_x"}) CHECK(is_task_name(name));
    CHECK(is_task_name(std::string(64, 'x')));
    for (const char* name : {"", ".a", "-a", "a b", "a/b", "a@b", "ä", "a\n"}) {
        CHECK_FALSE(is_task_name(name));
    }
    CHECK_FALSE(is_task_name(std::string(65, 'x')));
    CHECK(task_of_file("task1.ini") == "task1");
    CHECK(task_of_file("my task.ini") == "my task");
    for (const char* file : {"task1.ini~", ".task1.ini", "#task1.ini#", "task1", "task1.ini.swp"}) {
        CHECK_FALSE(task_of_file(file).has_value());
    }
}

TEST_CASE("start record: it is read back, and a damaged line is left out", "[daemon]") {
    TemporaryDirectory folder;
    CHECK(read_start_record(folder / "started").tasks.empty());
    StartRecord record;
    record.tasks["a"] = {"0123456789abcdef", false};
    record.tasks["b"] = {"", true};
    write_start_record(folder / "started", record);
    CHECK(read_start_record(folder / "started") == record);
    const auto mode = std::filesystem::status(folder / "started").permissions();
    CHECK((mode & std::filesystem::perms(0077)) == std::filesystem::perms::none);
    std::ofstream(folder / "started", std::ios::app) << "torn\nx y z\n1 runs ../x\n";
    CHECK(read_start_record(folder / "started") == record);
}

TEST_CASE("run folder: a second daemon is refused, with the pid of the first", "[daemon]") {
    TemporaryDirectory folder;
    const RunFolder first(folder / "new" / "run");
    CHECK(std::filesystem::is_directory(folder / "new" / "run"));
    CHECK_THROWS_WITH(RunFolder(folder / "new" / "run"),
                      Contains(std::to_string(::getpid())) && Contains("HINT: "));
    CHECK_NOTHROW(RunFolder(folder / "other"));
}

TEST_CASE("worker.log: the worker's last word is found among others", "[daemon]") {
    TemporaryDirectory folder;
    const auto file = folder / "worker.log";
    CHECK(output_size(file) == 0);
    CHECK(last_words(file, 0) == "");
    std::ofstream(file) << "dts-worker: an earlier run\n";
    const std::uint64_t begin = output_size(file);
    CHECK(last_words(file, begin) == "");
    std::ofstream(file, std::ios::app) << "warning\ndts-worker: gap error: gone\nlibrary\n\n";
    CHECK(last_words(file, begin) == "dts-worker: gap error: gone");
    std::ofstream(file) << "terminate called\n";
    CHECK(last_words(file, 0) == "terminate called");
    std::filesystem::resize_file(file, 17 << 20);
    CHECK(output_size(file) == 0);
    CHECK(std::filesystem::exists(folder / "worker.log.1"));
}

TEST_CASE("offline: tasks are read from their files, with how they ended", "[daemon]") {
    TaskFiles files;
    DaemonPlaces places;
    places.tasks_folder = files.tasks();
    places.log_root = files.folder / "log";
    places.run_folder = files.folder / "run";
    const auto log = [&](const std::string& task, const std::string& text) {
        std::filesystem::create_directories(places.log_root / task);
        std::ofstream(places.log_root / task / "default.log") << text;
    };
    const std::string time = "2026-01-02 03:04:05.000006 - ";
    files.put("bad", "garbage");
    files.put("gap", task_ini(1));
    files.put("new", task_ini(2));
    log("gap", time + "INFO - [1] - task gap starts\n" + time +
                   "ERROR - [1] - task gap ends: gap: binlog.000001 is gone, HINT: resync\n");
    log("left", time + "INFO - [1] - task left stopped, 3 changes applied\n");
    const auto tasks = read_offline_tasks(places);
    REQUIRE(tasks.size() == 3);
    CHECK(tasks[0].state == TaskState::failed);
    CHECK_THAT(tasks[0].reason, Contains("bad.ini:1"));
    CHECK(tasks[1].state == TaskState::gap);
    CHECK(tasks[1].reason == "binlog.000001 is gone, HINT: resync");
    CHECK(tasks[1].source == "mysql 127.0.0.1:3306");
    CHECK(tasks[2].state == TaskState::stopped);
    CHECK(read_offline_task(places, "left").value().state == TaskState::stopped);
    CHECK_FALSE(read_offline_task(places, "nix").has_value());
    CHECK_FALSE(read_offline_task(places, "../log").has_value());
    places.tasks_folder = files.folder / "nowhere";
    CHECK_THROWS_AS(read_offline_tasks(places), Error);
}

TEST_CASE("about daemon: its places are read back", "[daemon]") {
    AboutDaemon about;
    about.backend = "process";
    about.places.worker = "/x/dts-worker";
    AboutDaemon read = about_daemon_of(to_json(about));
    CHECK(read.backend == "process");
    CHECK(read.places.worker == "/x/dts-worker");
    CHECK(read.places.tasks_folder == about.places.tasks_folder);
    CHECK_FALSE(read.places.defaults.has_value());
    about.places.defaults = "/etc/dts/dts.conf";
    CHECK(about_daemon_of(to_json(about)).places.defaults == about.places.defaults);
    CHECK(runtime_root_of("/run/dtsd") == "/run/dts");
    CHECK(runtime_root_of("/x/run") == "/x/run/tasks");
}
