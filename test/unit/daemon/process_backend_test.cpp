#include "daemon/units/process_backend.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <poll.h>

#include "lib/base/error.hpp"
#include "test/unit/daemon/loop_until.hpp"
#include "test/unit/daemon/task_files.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;
using Active = UnitState::Active;

namespace {

struct Processes : TaskFiles {
    Processes() {
        options.worker =
            std::filesystem::read_symlink("/proc/self/exe").parent_path() / "fake-worker";
        options.tasks_folder = tasks();
        options.log_root = folder / "log";
        options.runtime_root = folder / "run";
        options.notify_socket = folder / "notify";
        options.policy.first_delay = std::chrono::milliseconds(40);
        options.policy.longest_delay = std::chrono::milliseconds(150);
        options.policy.stop_patience = std::chrono::milliseconds(400);
        options.policy.watchdog = std::chrono::milliseconds(0);
    }
    ~Processes() {
        if (!backend) return;
        bool done = false;
        backend->shut_down([&] { done = true; });
        until([&] { return done; });
    }

    void open() {
        backend = make_process_backend(loop, options);
        backend->open([this](const std::string& task, const UnitState& state) {
            states[task].push_back(state);
        });
    }
    void behave(const std::string& task, const std::string& words) {
        std::ofstream(ini(task)) << "# behave: " << words << '\n';
    }
    bool until(const std::function<bool()>& is_so) { return loop_until(loop, is_so); }
    bool until_state(const std::string& task, Active active) {
        return until([&] { return !states[task].empty() && last(task).active == active; });
    }
    const UnitState& last(const std::string& task) { return states[task].back(); }
    /// The request's problem; "" for none.
    std::string call(void (UnitBackend::*request)(const std::string&, UnitBackend::Done),
                     const std::string& task) {
        std::optional<std::string> answer;
        (backend.get()->*request)(task, [&](const auto& p) { answer = p.value_or(""); });
        until([&] { return answer.has_value(); });
        return answer.value_or("never answered");
    }
    std::vector<Active> actives(const std::string& task) {
        std::vector<Active> result;
        for (const UnitState& state : states[task]) result.push_back(state.active);
        return result;
    }
    std::string told(const std::string& task) {
        return read_text(options.log_root / task / "told");
    }

    boost::asio::io_context loop;
    ProcessBackendOptions options;
    std::unique_ptr<UnitBackend> backend;
    std::map<std::string, std::vector<UnitState>> states;
};

bool is_alive(pid_t pid) {
    return mark_of(pid).has_value();
}

}  // namespace

TEST_CASE("process backend: a start is done when the worker streams", "[daemon]") {
    Processes dtsd;
    dtsd.behave("a", "stream");
    dtsd.options.defaults = "/some/dts.conf";
    dtsd.open();
    CHECK(dtsd.call(&UnitBackend::start, "a") == "");
    CHECK(dtsd.actives("a") == std::vector{Active::starting, Active::running});
    const UnitState state = dtsd.last("a");
    const std::string told = dtsd.told("a");
    CHECK_THAT(told, Contains(dtsd.ini("a").string() + "\n--log-dir\n" +
                              (dtsd.options.log_root / "a").string() + "\n--name\na\n") &&
                         Contains("--defaults\n/some/dts.conf\n"));
    CHECK_THAT(told, Contains("runtime " + (dtsd.options.runtime_root / "a").string()));
    CHECK_THAT(told, Contains(fmt::format("group {}\n", state.pid)));
    CHECK_THAT(told, Contains("files ") && !Contains("inherited"));
    struct stat info {};
    REQUIRE(::stat((dtsd.options.log_root / "a").c_str(), &info) == 0);
    CHECK((info.st_mode & 07777U) == 0750);
    // Already there: nothing happens.
    CHECK(dtsd.call(&UnitBackend::start, "a") == "");
    CHECK(dtsd.last("a") == state);

    CHECK(dtsd.call(&UnitBackend::stop, "a") == "");
    CHECK(dtsd.last("a").active == Active::inactive);
    CHECK(dtsd.last("a").pid == 0);
    CHECK_FALSE(is_alive(static_cast<pid_t>(state.pid)));
}

TEST_CASE("process backend: a worker that is killed is started again", "[daemon]") {
    Processes dtsd;
    dtsd.behave("a", "stream");
    dtsd.open();
    REQUIRE(dtsd.call(&UnitBackend::start, "a") == "");
    const auto pid = static_cast<pid_t>(dtsd.last("a").pid);
    ::kill(pid, SIGKILL);
    CHECK(dtsd.until(
        [&] { return dtsd.last("a").active == Active::running && dtsd.last("a").pid != pid; }));
    CHECK(dtsd.actives("a") == std::vector{Active::starting, Active::running, Active::restarting,
                                           Active::starting, Active::running});
    CHECK(dtsd.states["a"][2].signal == SIGKILL);
    CHECK(dtsd.last("a").restarts == 1);
}

TEST_CASE("process backend: exit codes that a restart would meet again are final", "[daemon]") {
    for (const int code : {65, 66, 73, 76, 77, 78}) {
        Processes dtsd;
        dtsd.behave("a", fmt::format("exit {}", code));
        dtsd.open();
        CHECK_THAT(dtsd.call(&UnitBackend::start, "a"), Contains("so it ends"));
        CHECK(dtsd.actives("a") == std::vector{Active::starting, Active::failed});
        CHECK(dtsd.last("a").exit_code == code);
        CHECK(dtsd.last("a").detail == "dts-worker: so it ends");
    }
}

TEST_CASE("process backend: other failures are started again with growing delay", "[daemon]") {
    for (const int code : {1, 69, 70, 74}) {
        Processes dtsd;
        dtsd.behave("a", fmt::format("exit {} after", code));
        dtsd.open();
        dtsd.call(&UnitBackend::start, "a");
        CHECK(dtsd.until([&] {
            return !dtsd.states["a"].empty() && dtsd.last("a").restarts == 3 &&
                   dtsd.last("a").active == Active::restarting;
        }));
        CHECK(dtsd.last("a").exit_code == code);
        std::vector<std::int64_t> waits;
        const auto& states = dtsd.states["a"];
        for (std::size_t i = 1; i < states.size(); ++i) {
            if (states[i - 1].active != Active::restarting) continue;
            waits.push_back(states[i].since_us - states[i - 1].since_us);
        }
        REQUIRE(waits.size() == 3);
        CHECK(waits[0] >= 40'000);
        CHECK(waits[1] >= 80'000);
        CHECK(waits[2] >= 150'000);  // the longest
    }
}

TEST_CASE("process backend: a worker that ends well is not started again", "[daemon]") {
    Processes dtsd;
    dtsd.behave("a", "exit 0 after");
    dtsd.open();
    CHECK(dtsd.call(&UnitBackend::start, "a") == "");
    CHECK(dtsd.until_state("a", Active::inactive));
    CHECK(dtsd.last("a").exit_code == 0);
}

TEST_CASE("process backend: a worker that does not stop is killed", "[daemon]") {
    Processes dtsd;
    dtsd.behave("a", "stubborn");
    dtsd.open();
    REQUIRE(dtsd.call(&UnitBackend::start, "a") == "");
    const auto pid = static_cast<pid_t>(dtsd.last("a").pid);
    CHECK(dtsd.call(&UnitBackend::stop, "a") == "");
    CHECK_FALSE(is_alive(pid));
    CHECK(dtsd.last("a").active == Active::inactive);
}

TEST_CASE("process backend: what a worker has started ends with it", "[daemon]") {
    Processes dtsd;
    dtsd.behave("a", "child");
    dtsd.open();
    REQUIRE(dtsd.call(&UnitBackend::start, "a") == "");
    pid_t child = 0;
    std::ifstream(dtsd.options.log_root / "a" / "child.pid") >> child;
    REQUIRE(child > 1);
    const FileHandle pidfd = open_pidfd(child);
    REQUIRE(pidfd);
    CHECK(dtsd.call(&UnitBackend::stop, "a") == "");
    pollfd end{pidfd.get(), POLLIN, 0};
    CHECK(::poll(&end, 1, 10'000) == 1);
}

TEST_CASE("process backend: a stop calls a start back that waits", "[daemon]") {
    Processes dtsd;
    dtsd.behave("a", "mute");
    dtsd.open();
    std::optional<std::string> start;
    dtsd.backend->start("a", [&](const auto& problem) { start = problem.value_or(""); });
    CHECK(dtsd.until_state("a", Active::starting));
    CHECK_FALSE(start.has_value());
    CHECK(dtsd.call(&UnitBackend::stop, "a") == "");
    CHECK_THAT(start.value_or(""), Contains("stopped"));
}

TEST_CASE("process backend: a restart stops and starts, also while it waits to start again",
          "[daemon]") {
    Processes dtsd;
    dtsd.behave("a", "stream");
    dtsd.open();
    CHECK(dtsd.call(&UnitBackend::restart, "a") == "");
    const auto pid = dtsd.last("a").pid;
    CHECK(dtsd.call(&UnitBackend::restart, "a") == "");
    CHECK(dtsd.last("a").active == Active::running);
    CHECK(dtsd.last("a").pid != pid);
    CHECK(dtsd.last("a").restarts == 0);
    dtsd.behave("a", "exit 70");
    dtsd.call(&UnitBackend::restart, "a");
    CHECK(dtsd.last("a").active == Active::restarting);
    dtsd.behave("a", "stream");
    CHECK(dtsd.call(&UnitBackend::restart, "a") == "");
    CHECK(dtsd.last("a").active == Active::running);
    CHECK(dtsd.last("a").restarts == 0);
}

TEST_CASE("process backend: a worker that shows no sign of life is killed and started again",
          "[daemon]") {
    Processes dtsd;
    dtsd.options.policy.watchdog = std::chrono::milliseconds(300);
    dtsd.behave("lively", "stream");
    dtsd.behave("silent", "silent");
    dtsd.open();
    REQUIRE(dtsd.call(&UnitBackend::start, "lively") == "");
    REQUIRE(dtsd.call(&UnitBackend::start, "silent") == "");
    CHECK(dtsd.until_state("silent", Active::restarting));
    CHECK(dtsd.last("silent").detail == "watchdog");
    CHECK(dtsd.last("lively").active == Active::running);
    CHECK(dtsd.last("lively").restarts == 0);
}

TEST_CASE("process backend: the worker of an earlier daemon is waited for", "[daemon]") {
    Processes dtsd;
    dtsd.behave("a", "stream");
    dtsd.open();
    // As a daemon leaves it that is killed: a process, and the mark of it.
    const auto log = dtsd.options.log_root / "a", run = dtsd.options.runtime_root / "a";
    std::filesystem::create_directories(log);
    std::filesystem::create_directories(run);
    WorkerCommand command;
    command.arguments = {dtsd.options.worker.string(), dtsd.ini("a").string(), "--log-dir",
                         log.string()};
    command.output = log / "worker.log";
    const SpawnedWorker earlier = spawn_worker(command);
    write_mark(run / "worker.pid", mark_of(earlier.pid).value());

    std::string problem = "never answered";
    dtsd.backend->start("a", [&](const auto& p) { problem = p.value_or(""); });
    CHECK(dtsd.states["a"].back().pid == 0);
    // Ours to reap, here.
    CHECK(dtsd.until([&] {
        return ::waitpid(earlier.pid, nullptr, WNOHANG) == earlier.pid || problem.empty();
    }));
    CHECK(dtsd.until([&] { return problem.empty(); }));
    CHECK(dtsd.last("a").active == Active::running);
    CHECK(dtsd.last("a").pid != earlier.pid);
}

TEST_CASE("process backend: its end stops all workers", "[daemon]") {
    Processes dtsd;
    dtsd.behave("a", "stream");
    dtsd.behave("b", "mute");
    dtsd.behave("c", "exit 70");
    dtsd.open();
    REQUIRE(dtsd.call(&UnitBackend::start, "a") == "");
    dtsd.backend->start("b", [](const auto&) {});
    dtsd.call(&UnitBackend::start, "c");
    bool done = false;
    dtsd.backend->shut_down([&] { done = true; });
    CHECK(dtsd.until([&] { return done; }));
    for (const char* task : {"a", "b", "c"}) CHECK(dtsd.last(task).active == Active::inactive);
    CHECK_THAT(dtsd.call(&UnitBackend::start, "a"), Contains("ending"));
}

TEST_CASE("process backend: a worker that cannot be executed is refused by name", "[daemon]") {
    Processes dtsd;
    dtsd.options.worker = "/nonexistent/dts-worker";
    dtsd.backend = make_process_backend(dtsd.loop, dtsd.options);
    CHECK_THROWS_WITH(dtsd.backend->open([](const std::string&, const UnitState&) {}),
                      Contains("/nonexistent/dts-worker") && Contains("HINT: "));
    dtsd.backend.reset();
}
