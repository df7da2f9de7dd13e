#include "daemon/dtsctl/task_text.hpp"

#include <catch2/catch.hpp>

#include "daemon/control/control_call.hpp"
#include "daemon/supervisor/task_view.hpp"
#include "lib/base/error.hpp"

using namespace dts;
using Catch::Contains;

namespace {

constexpr std::int64_t now = 1'700'000'000'000'000;
constexpr const char* record =
    R"({"type":"MysqlCdc","server_id":"","binlog_filename":"binlog.000004","next_event_position":73685,"gtid_set":"","timestamp":""})";

ShownTask task(const std::string& name, TaskState state) {
    ShownTask task;
    task.view.name = name;
    task.view.ini = "/etc/dts/tasks.d/" + name + ".ini";
    task.view.log_directory = "/var/log/dts/" + name;
    task.view.state = state;
    task.view.since_us = now - 200'000'000;
    task.view.source = "mysql 10.0.0.1:3306";
    task.view.target = "mysql 10.0.0.2:3306";
    return task;
}

ShownTask running_task(const std::string& name) {
    ShownTask shown = task(name, TaskState::streaming);
    shown.view.unit.active = UnitState::Active::running;
    shown.view.unit.pid = 4711;
    shown.view.unit.restarts = 2;
    WorkerStatus worker;
    worker.name = name;
    worker.state = TaskState::streaming;
    worker.lag_seconds = 0.31;
    worker.applied_per_second = 1234;
    worker.checkpoint = shown.checkpoint = record;
    worker.last_error = "lock wait timeout";
    worker.last_error_us = now - 5'000'000;
    shown.view.worker = worker;
    return shown;
}

}  // namespace

TEST_CASE("task table: a row for each task, and below it what somebody should know", "[daemon]") {
    ShownTask gap = task("shop", TaskState::gap);
    gap.view.reason = "binlog.000001 is needed, the source has binlog.000007 and later";
    ShownTask other = running_task("orders_long_name");
    other.view.ini_problem = "orders.ini:3: nonsense";
    const std::string table = task_table({gap, other}, {false, 0, now});
    CHECK(table ==
          "TASK              STATE      SOURCE → TARGET                            LAG    RATE    "
          "POSITION             SINCE\n"
          "shop              gap        mysql 10.0.0.1:3306 → mysql 10.0.0.2:3306  -      -       "
          "-                    3 min\n"
          "  binlog.000001 is needed, the source has binlog.000007 and later\n"
          "orders_long_name  streaming  mysql 10.0.0.1:3306 → mysql 10.0.0.2:3306  0.3 s  1.2k/s  "
          "binlog.000004:73685  3 min\n"
          "  its ini is not used: orders.ini:3: nonsense\n");
}

TEST_CASE("task table: lines are cut to the terminal, colours are for terminals", "[daemon]") {
    const std::string plain = task_table({running_task("a")}, {false, 30, now});
    for (std::size_t begin = 0; begin < plain.size();) {
        const auto end = plain.find('\n', begin);
        CHECK(end - begin <= 32);  // 30 characters, one arrow of three bytes
        begin = end + 1;
    }
    CHECK(plain.find('\x1b') == std::string::npos);
    const std::string coloured = task_table({running_task("a")}, {true, 30, now});
    CHECK_THAT(coloured, Contains("\x1b[32mstreaming\x1b[0m"));
}

TEST_CASE("task page: everything about one task", "[daemon]") {
    const std::string page = task_page(running_task("a"), {false, 0, now});
    for (const char* part : {"streaming", "3 min", "10.0.0.1", "10.0.0.2", "binlog.000004", "0.3 s",
                             "1.2k/s", "pid 4711", "restarted 2 times", "lock wait timeout",
                             "/etc/dts/tasks.d/a.ini", "/var/log/dts/a"}) {
        CHECK_THAT(page, Contains(part));
    }
    ShownTask failed = task("b", TaskState::failed);
    failed.view.ini.clear();
    failed.view.unit.exit_code = 78;
    failed.view.ini_problem = "b.ini:1: nonsense";
    const std::string other = task_page(failed, {false, 0, now});
    for (const char* part : {"failed", "bad configuration", "b.ini:1: nonsense", "(gone)"}) {
        CHECK_THAT(other, Contains(part));
    }
}

TEST_CASE("task text: times as a person says them", "[daemon]") {
    CHECK(duration_text(-1) == "0 s");
    CHECK(duration_text(59'999'999) == "59 s");
    CHECK(duration_text(60'000'000) == "1 min");
    CHECK(duration_text(3'900'000'000) == "1 h 5 min");
    CHECK(duration_text(187'200'000'000) == "2 d 4 h");
    CHECK(lag_text(-1) == "-");
    CHECK(lag_text(0) == "0.0 s");
    CHECK(lag_text(600) == "10 min");
}

TEST_CASE("task view: its JSON is read back as it was", "[daemon]") {
    TaskView view = running_task("a").view;
    view.enabled = false;
    view.reason = "a \"reason\"\nof two lines, and \xff";
    view.ini_problem = "x";
    view.unit.exit_code = 70;
    view.unit.detail = "watchdog";
    const TaskView read = task_view_of(to_json(view));
    CHECK(read.name == view.name);
    CHECK(read.ini == view.ini);
    CHECK(read.log_directory == view.log_directory);
    CHECK_FALSE(read.enabled);
    CHECK(read.ini_problem == "x");
    CHECK(read.state == view.state);
    CHECK(read.reason == "a \"reason\"\nof two lines, and \xef\xbf\xbd");
    CHECK(read.since_us == view.since_us);
    CHECK(read.source == view.source);
    CHECK(read.target == view.target);
    CHECK(read.unit == view.unit);
    CHECK(read.worker.value().checkpoint == record);
    CHECK_FALSE(task_view_of(to_json(TaskView())).worker.has_value());
    CHECK_THROWS_AS(task_view_of("nonsense"), Error);
    CHECK_THROWS_AS(task_view_of("[]"), Error);
    CHECK_NOTHROW(task_view_of("{}"));
}

TEST_CASE("control call: both ways", "[daemon]") {
    const auto call = parse_call(call_line({"start", "a \"b\"", "/x"})).value();
    CHECK(call.call == "start");
    CHECK(call.task == "a \"b\"");
    CHECK(call.file == "/x");
    CHECK(parse_answer(result_line("[1,2]")).result == "[1,2]");
    const auto refusal =
        parse_answer(refusal_line(refusal_of(ControlFault::not_allowed, "no, HINT: ask"))).refusal;
    CHECK(refusal.value().fault == ControlFault::not_allowed);
    CHECK(refusal.value().error == "no");
    CHECK(refusal.value().hint == "ask");
    CHECK(problem_of(problem_json("a \"problem\"")) == "a \"problem\"");
    CHECK_THROWS_AS(parse_answer("nonsense"), Error);
}
