#include "daemon/supervisor/supervisor.hpp"

#include <catch2/catch.hpp>

#include "lib/control/status_socket.hpp"
#include "test/unit/daemon/fake_backend.hpp"
#include "test/unit/daemon/loop_until.hpp"
#include "test/unit/daemon/task_files.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;
using Asked = std::vector<std::string>;

namespace {

constexpr std::chrono::milliseconds a_while{300};

struct Supervised : TaskFiles {
    explicit Supervised(std::string_view kind = "process") : backend(folder.path(), kind) {
        put_defaults("[resumer]\nresume_from_log=true\n");
    }

    /// As dtsd does when it is started; a second time, as when it is started again.
    void open() {
        supervisor.reset();
        Supervisor::Options options;
        options.tasks_folder = tasks();
        options.defaults = defaults();
        options.record = folder / "started";
        options.lag_interval = std::chrono::milliseconds(10);
        options.log = [this](const std::string& text) { log += text + '\n'; };
        supervisor = std::make_unique<Supervisor>(loop, backend, std::move(options));
        supervisor->listen([this](const std::string& task, const TaskView* view) {
            told.push_back(view == nullptr ? task + " gone"
                                           : fmt::format("{} {}", task, name_of(view->state)));
        });
        supervisor->open();
    }

    bool until(const std::function<bool()>& is_so) { return loop_until(loop, is_so); }
    bool until_asked(const std::string& what) {
        return until([&] { return std::ranges::find(backend.asked, what) != backend.asked.end(); });
    }
    void settle() { loop_for(loop, a_while); }
    const TaskView& view(const std::string& task) {
        const TaskView* const found = supervisor->find(task);
        if (found == nullptr) throw std::runtime_error("there is no task " + task);
        return *found;
    }
    /// Calls start, stop or restart, and gives back the problem; "" for none.
    std::string call(void (Supervisor::*action)(const std::string&, Supervisor::Done),
                     const std::string& task) {
        std::optional<std::string> answer;
        (supervisor.get()->*action)(task,
                                    [&](const auto& problem) { answer = problem.value_or(""); });
        CHECK(until([&] { return answer.has_value(); }));
        settle();
        return answer.value_or("never answered");
    }

    boost::asio::io_context loop;
    FakeBackend backend;
    std::string log;
    std::vector<std::string> told;
    std::unique_ptr<Supervisor> supervisor;
};

}  // namespace

TEST_CASE("supervisor: a new ini is started, a changed one restarted, a removed one stopped",
          "[daemon]") {
    Supervised dtsd;
    dtsd.put("a", task_ini(1));
    dtsd.open();
    CHECK(dtsd.backend.take_asked() == Asked{"start a"});
    dtsd.put("b", task_ini(2));
    CHECK(dtsd.until_asked("start b"));
    CHECK(dtsd.view("b").state == TaskState::streaming);
    dtsd.backend.asked.clear();

    dtsd.put("b", task_ini(2, "[sinker]\nbatch_size=7\n"));
    CHECK(dtsd.until_asked("restart b"));
    dtsd.remove("b");
    CHECK(dtsd.until([&] { return dtsd.told.back() == "b gone"; }));
    CHECK(dtsd.backend.take_asked() == Asked{"restart b", "stop b"});
    CHECK(dtsd.supervisor->find("b") == nullptr);
    CHECK(dtsd.supervisor->tasks().size() == 1);
}

TEST_CASE("supervisor: an ini that changes nothing in force restarts nothing", "[daemon]") {
    Supervised dtsd;
    dtsd.put("a", task_ini(1));
    dtsd.open();
    dtsd.settle();
    dtsd.backend.asked.clear();
    dtsd.put("a", "# a comment\n" + task_ini(1));
    dtsd.settle();
    dtsd.supervisor->reread();
    dtsd.settle();
    CHECK(dtsd.backend.asked.empty());
    // The defaults are in force where the ini is silent.
    dtsd.put_defaults("[resumer]\nresume_from_log=true\n[sinker]\nbatch_size=9\n");
    CHECK(dtsd.until_asked("restart a"));
}

TEST_CASE("supervisor: an ini that cannot be used takes no running task down", "[daemon]") {
    Supervised dtsd;
    dtsd.put("a", task_ini(1));
    dtsd.put("bad", "[extractor]\ndb_tipe=mysql\n");
    dtsd.open();
    dtsd.settle();
    CHECK(dtsd.backend.take_asked() == Asked{"start a"});
    CHECK(dtsd.view("bad").state == TaskState::failed);
    CHECK_THAT(dtsd.view("bad").ini_problem, Contains("bad.ini:2") && Contains("db_tipe"));
    CHECK(dtsd.view("bad").reason == dtsd.view("bad").ini_problem);

    dtsd.put("a", "garbage");
    CHECK(dtsd.until([&] { return !dtsd.view("a").ini_problem.empty(); }));
    dtsd.put_defaults("garbage, too");
    dtsd.settle();
    CHECK(dtsd.view("a").state == TaskState::streaming);
    CHECK(dtsd.backend.asked.empty());
    CHECK_THAT(dtsd.log, Contains("task a: its ini is not used, it goes on as it was started"));
    CHECK_THAT(dtsd.call(&Supervisor::restart, "a"), Contains("cannot be used"));
    CHECK(dtsd.view("a").state == TaskState::streaming);

    dtsd.put_defaults("[resumer]\nresume_from_log=true\n");
    dtsd.put("a", task_ini(1));
    CHECK(dtsd.until([&] { return dtsd.view("a").ini_problem.empty(); }));
    CHECK(dtsd.backend.asked.empty());  // as it was started
}

TEST_CASE("supervisor: a folder that cannot be read stops nothing", "[daemon]") {
    Supervised dtsd;
    dtsd.put("a", task_ini(1));
    dtsd.open();
    dtsd.settle();
    dtsd.backend.asked.clear();
    std::filesystem::rename(dtsd.tasks(), dtsd.folder / "elsewhere");
    CHECK(dtsd.until([&] { return !dtsd.supervisor->folder_problem().empty(); }));
    CHECK(dtsd.backend.asked.empty());
    CHECK(dtsd.view("a").state == TaskState::streaming);
}

TEST_CASE("supervisor: of two tasks that would meet, the one that runs goes on", "[daemon]") {
    Supervised dtsd;
    dtsd.put("z", task_ini(1));
    dtsd.open();
    dtsd.settle();
    dtsd.put("a", task_ini(1));
    CHECK(dtsd.until([&] {
        return dtsd.supervisor->find("a") != nullptr && !dtsd.view("a").ini_problem.empty();
    }));
    CHECK_THAT(dtsd.view("a").reason, Contains("task z") && Contains("server_id 1"));
    CHECK(dtsd.backend.take_asked() == Asked{"start z"});

    SECTION("until it is gone") {
        dtsd.remove("z");
        CHECK(dtsd.until_asked("start a"));
        CHECK(dtsd.view("a").ini_problem == "");
        CHECK(dtsd.backend.asked == Asked{"stop z", "start a"});
    }
    SECTION("or has another id") {
        dtsd.put("z", task_ini(2));
        CHECK(dtsd.until_asked("start a"));
        CHECK(dtsd.backend.asked == Asked{"restart z", "start a"});
    }
    SECTION("also when its own ini would meet a third") {
        dtsd.put("y", task_ini(3));
        CHECK(dtsd.until_asked("start y"));
        dtsd.put("z", task_ini(3));
        CHECK(dtsd.until([&] { return !dtsd.view("z").ini_problem.empty(); }));
        CHECK(dtsd.view("z").state == TaskState::streaming);
        CHECK_THAT(dtsd.view("a").ini_problem, Contains("task z"));
        CHECK(dtsd.backend.take_asked() == Asked{"start y"});
    }
}

TEST_CASE("supervisor: enabled=false is not started, and stopped where it runs", "[daemon]") {
    Supervised dtsd;
    dtsd.put("a", task_ini(1, "[global]\nenabled=false\n"));
    dtsd.put("b", task_ini(2));
    dtsd.open();
    dtsd.settle();
    CHECK(dtsd.backend.take_asked() == Asked{"start b"});
    CHECK_FALSE(dtsd.view("a").enabled);
    CHECK(dtsd.view("a").state == TaskState::stopped);
    CHECK(dtsd.view("a").reason == "enabled=false");
    CHECK_THAT(dtsd.call(&Supervisor::start, "a"), Contains("disabled"));

    dtsd.put("b", task_ini(2, "[global]\nenabled=false\n"));
    CHECK(dtsd.until_asked("stop b"));
    dtsd.put("b", task_ini(2));
    CHECK(dtsd.until_asked("start b"));
}

TEST_CASE("supervisor: a failed task waits for an operator or another ini", "[daemon]") {
    Supervised dtsd;
    dtsd.put("a", task_ini(1));
    dtsd.open();
    dtsd.settle();
    dtsd.backend.asked.clear();
    dtsd.backend.set("a", UnitState::Active::failed, 66);
    dtsd.supervisor->reread();
    dtsd.settle();
    CHECK(dtsd.backend.asked.empty());
    CHECK(dtsd.view("a").state == TaskState::gap);
    CHECK_THAT(dtsd.view("a").reason, Contains("no longer holds"));

    SECTION("an operator") {
        CHECK(dtsd.call(&Supervisor::start, "a") == "");
    }
    SECTION("another ini") {
        dtsd.put("a", task_ini(9));
        CHECK(dtsd.until_asked("start a"));
    }
    CHECK(dtsd.backend.asked == Asked{"start a"});
    CHECK(dtsd.view("a").state == TaskState::streaming);
}

TEST_CASE("supervisor: how a task ended is told in the best words there are", "[daemon]") {
    Supervised dtsd;
    dtsd.put("a", task_ini(1));
    dtsd.open();
    dtsd.settle();
    using Active = UnitState::Active;
    dtsd.backend.set("a", Active::failed, 78);
    CHECK(dtsd.view("a").state == TaskState::failed);
    CHECK_THAT(dtsd.view("a").reason, Contains("exit code 78: bad configuration"));
    dtsd.backend.set("a", Active::failed, 77, "dts-worker: permission error: no right");
    CHECK(dtsd.view("a").reason == "no right");
    dtsd.backend.set("a", Active::failed, 70, "dts-worker: ended oddly");
    CHECK(dtsd.view("a").reason == "ended oddly");
    dtsd.backend.set("a", Active::restarting, 70, "watchdog");
    CHECK(dtsd.view("a").state == TaskState::retrying);
    CHECK_THAT(dtsd.view("a").reason, Contains("internal fault (watchdog)"));
    dtsd.backend.units["a"].signal = 9;
    dtsd.backend.set("a", Active::restarting);
    CHECK_THAT(dtsd.view("a").reason, Contains("signal 9"));
}

TEST_CASE("supervisor: an operator's stop lasts until he starts it again", "[daemon]") {
    Supervised dtsd;
    dtsd.put("a", task_ini(1));
    dtsd.open();
    dtsd.settle();
    CHECK(dtsd.call(&Supervisor::stop, "a") == "");
    CHECK(dtsd.view("a").state == TaskState::stopped);
    CHECK(dtsd.view("a").reason == "stopped on request");
    dtsd.backend.asked.clear();
    dtsd.put("a", task_ini(9));
    dtsd.settle();
    dtsd.open();  // dtsd itself is started again
    dtsd.settle();
    CHECK(dtsd.backend.asked.empty());
    CHECK(dtsd.view("a").reason == "stopped on request");
    CHECK(dtsd.call(&Supervisor::start, "a") == "");
    CHECK(dtsd.backend.asked == Asked{"start a"});
}

TEST_CASE("supervisor: what somebody else starts or stops is left so", "[daemon]") {
    Supervised dtsd;
    dtsd.put("a", task_ini(1));
    dtsd.open();
    dtsd.settle();
    dtsd.backend.asked.clear();
    dtsd.backend.set("a", UnitState::Active::inactive);
    dtsd.settle();
    CHECK(dtsd.backend.asked.empty());
    CHECK(dtsd.view("a").state == TaskState::stopped);
    dtsd.backend.run("a");
    dtsd.settle();
    CHECK(dtsd.backend.asked.empty());
    CHECK(dtsd.view("a").state == TaskState::streaming);
}

TEST_CASE("supervisor: unknown tasks are refused by name", "[daemon]") {
    Supervised dtsd;
    dtsd.open();
    CHECK_THAT(dtsd.call(&Supervisor::start, "nix"), Contains("there is no task nix"));
    CHECK_THAT(dtsd.call(&Supervisor::stop, "nix"), Contains("there is no task nix"));
    CHECK(dtsd.supervisor->find("nix") == nullptr);
}

TEST_CASE("supervisor: started again, it leaves running workers alone", "[daemon]") {
    Supervised dtsd("systemd");
    dtsd.put("a", task_ini(1));
    dtsd.put("b", task_ini(2));
    dtsd.put("c", task_ini(3));
    dtsd.open();
    dtsd.settle();
    dtsd.backend.asked.clear();
    dtsd.supervisor.reset();
    // While it is away: a comment, a real change, and an ini that goes.
    dtsd.put("a", "# only a comment\n" + task_ini(1));
    dtsd.put("b", task_ini(9));
    dtsd.remove("c");
    dtsd.open();
    dtsd.settle();
    CHECK(dtsd.backend.asked == Asked{"restart b", "stop c"});
    CHECK(dtsd.view("a").state == TaskState::streaming);
}

TEST_CASE("supervisor: without its record, the times of the files decide", "[daemon]") {
    Supervised dtsd("systemd");
    dtsd.put("a", task_ini(1));
    dtsd.put("b", task_ini(2));
    dtsd.backend.run("a");
    dtsd.backend.run("b");
    dtsd.backend.units["b"].since_us -= 1'000'000;  // its ini is younger
    dtsd.open();
    dtsd.settle();
    CHECK(dtsd.backend.asked == Asked{"restart b"});
}

TEST_CASE("supervisor: a unit that failed while it was away is not started by chance", "[daemon]") {
    Supervised dtsd("systemd");
    dtsd.put("a", task_ini(1));
    dtsd.open();
    dtsd.settle();
    dtsd.supervisor.reset();
    dtsd.backend.asked.clear();
    dtsd.backend.units["a"] = UnitState{UnitState::Active::failed, 0, 66, {}, 0, now_us(), ""};
    dtsd.open();
    dtsd.settle();
    CHECK(dtsd.backend.asked.empty());
    CHECK(dtsd.view("a").state == TaskState::gap);
}

TEST_CASE("supervisor: a stop is asked for while a start still waits", "[daemon]") {
    Supervised dtsd;
    dtsd.backend.keeps_waiting = true;
    dtsd.put("a", task_ini(1));
    dtsd.open();
    dtsd.settle();
    dtsd.remove("a");
    CHECK(dtsd.until_asked("stop a"));
    dtsd.settle();
    CHECK(dtsd.backend.asked == Asked{"start a", "stop a"});
    for (const auto& done : std::exchange(dtsd.backend.waiting, {})) done(std::nullopt);
    CHECK(dtsd.until([&] { return dtsd.supervisor->find("a") == nullptr; }));
}

TEST_CASE("supervisor: the worker's own words are the task's state", "[daemon]") {
    Supervised dtsd;
    dtsd.put("a", task_ini(1));
    const auto path = dtsd.backend.status_socket("a");
    std::filesystem::create_directories(path.parent_path());
    WorkerStatus said;
    said.name = "a";
    said.state = TaskState::caught_up;
    said.source = "mysql 127.0.0.1:3306";
    said.target = "dummy";
    said.lag_seconds = 0.25;
    std::optional<StatusSocket> socket;
    socket.emplace(dtsd.loop, path, [&] { return said; });
    dtsd.open();
    CHECK(dtsd.until([&] { return dtsd.view("a").state == TaskState::caught_up; }));
    CHECK(dtsd.view("a").worker.value().lag_seconds == 0.25);
    CHECK(dtsd.until([&] {
        const auto& history = dtsd.view("a").lag_history;
        return !history.empty() && history.back().lag_seconds == 0.25;
    }));

    said.state = TaskState::retrying;
    said.reason = "the source is away";
    socket->changed();
    CHECK(dtsd.until([&] { return dtsd.view("a").reason == "the source is away"; }));
    CHECK(dtsd.view("a").state == TaskState::retrying);

    SECTION("its last words are kept when it has ended") {
        said.state = TaskState::gap;
        said.reason = "binlog.000003 is needed";
        socket->changed();
        // The end of the process may be seen before the last line is.
        dtsd.backend.set("a", UnitState::Active::failed, 66);
        socket.reset();
        CHECK(dtsd.until([&] { return dtsd.view("a").reason == "binlog.000003 is needed"; }));
        CHECK(dtsd.view("a").state == TaskState::gap);
        CHECK_FALSE(dtsd.view("a").worker.has_value());
    }
    SECTION("a new worker is listened to as soon as it speaks") {
        socket.reset();
        dtsd.backend.set("a", UnitState::Active::restarting, 70);
        dtsd.backend.run("a");
        CHECK(dtsd.view("a").state == TaskState::streaming);
        said = WorkerStatus();
        said.state = TaskState::starting;
        socket.emplace(dtsd.loop, path, [&] { return said; });
        CHECK(dtsd.until([&] { return dtsd.view("a").state == TaskState::starting; }));
    }
}

TEST_CASE("supervisor: an hour of lag is kept, not more", "[daemon]") {
    Supervised dtsd;
    dtsd.put("a", task_ini(1));
    dtsd.open();
    CHECK(dtsd.until([&] { return dtsd.view("a").lag_history.size() == 360; }));
    const std::int64_t first = dtsd.view("a").lag_history.front().at_us;
    CHECK(dtsd.until([&] { return dtsd.view("a").lag_history.front().at_us > first; }));
    CHECK(dtsd.view("a").lag_history.size() == 360);
}

TEST_CASE("supervisor: an ini is validated beside those of the folder", "[daemon]") {
    Supervised dtsd;
    dtsd.put("a", task_ini(1));
    dtsd.open();
    std::ofstream(dtsd.folder / "b.ini") << task_ini(1);
    CHECK_THAT(dtsd.supervisor->validate(dtsd.folder / "b.ini").value_or(""), Contains("task a"));
    std::ofstream(dtsd.folder / "b.ini") << task_ini(2);
    CHECK_FALSE(dtsd.supervisor->validate(dtsd.folder / "b.ini").has_value());
}
