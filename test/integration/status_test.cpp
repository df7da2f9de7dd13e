// What a worker says of itself while it runs between real servers: on its status socket, and to
// the service manager.
#include <catch2/catch.hpp>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <numeric>

#include "test/integration/server_pair.hpp"
#include "test/servers/notify_socket.hpp"
#include "test/servers/status_lines.hpp"

using namespace dts;
using namespace dts::test;
using namespace std::chrono_literals;

namespace {

/// A pair of servers and a place for the sockets, whose paths must be short.
struct Watched : MariadbPair {
    TempFolder sockets{"sock"};
    std::filesystem::path status_socket = sockets / "status.sock";
    WorkerProcess::Options options;

    Watched() {
        run_on_both("create database d; create table d.t (id int primary key, v varchar(20))");
        options.args = {"--status-socket", status_socket.string()};
    }
    WorkerProcess start(TaskIni task) { return {task, folder.path(), options}; }
    WorkerProcess start() { return start(ini()); }
};

/// Nothing but this state is said until the worker closes.
void check_last(StatusLines& lines, TaskState state) {
    while (const auto more = lines.next()) CHECK(more->state == state);
}

/// While it lives one thread of a process stands still; the others run on.
class FrozenThread {
  public:
    explicit FrozenThread(pid_t thread) : thread_(thread) {
        int status = 0;
        if (::ptrace(PTRACE_SEIZE, thread_, nullptr, nullptr) != 0 ||
            ::ptrace(PTRACE_INTERRUPT, thread_, nullptr, nullptr) != 0 ||
            ::waitpid(thread_, &status, __WALL) != thread_) {
            throw std::runtime_error(fmt::format("cannot stop thread {}", thread_));
        }
    }
    FrozenThread(const FrozenThread&) = delete;
    FrozenThread& operator=(const FrozenThread&) = delete;
    ~FrozenThread() { ::ptrace(PTRACE_DETACH, thread_, nullptr, nullptr); }

  private:
    const pid_t thread_;
};

/// The encoder is the last thread that a pipeline starts.
pid_t youngest_thread(pid_t process) {
    pid_t youngest = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(fmt::format("/proc/{}/task", process))) {
        youngest = std::max(youngest, static_cast<pid_t>(std::stoi(entry.path().filename())));
    }
    return youngest;
}

std::string place(const BinlogEnd& end) {
    return fmt::format("{}:{}", end.file, end.position);
}

std::string place(const std::string& record) {
    return fmt::format("{}:{}", json_field(record, "binlog_filename"),
                       json_field(record, "next_event_position"));
}

}  // namespace

TEST_CASE("status: a worker says where it is, from its start to its stop", "[status]") {
    Watched w;
    auto worker = w.start();
    StatusLines lines(w.status_socket);
    const auto idle = lines.wait_for(TaskState::caught_up);
    CHECK(idle.name == "task");
    CHECK(idle.pid == worker.pid());
    CHECK(idle.source == fmt::format("mysql 127.0.0.1:{}", w.source.port()));
    CHECK(idle.target == fmt::format("mysql 127.0.0.1:{}", w.target.port()));
    CHECK(idle.task_id.find(std::to_string(w.target.port())) != std::string::npos);
    CHECK(idle.lag_seconds == 0);
    CHECK(idle.started_us > 0);
    CHECK(idle.since_us >= idle.started_us);
    CHECK(idle.last_error.empty());

    w.source.run("insert into d.t values (1,'a'),(2,'b'),(3,'c'); update d.t set v='z' where id=3");
    const auto end = place(w.source.binlog_end());
    const auto done = lines.wait_for("the end is recorded", [&](const WorkerStatus& s) {
        return place(s.checkpoint) == end && s.state == TaskState::caught_up;
    });
    CHECK(place(done.current) == end);
    CHECK(done.recorded_us >= idle.started_us);
    CHECK(done.extracted_changes == 4);
    CHECK(done.applied_changes == 4);
    CHECK(done.applied_bytes > 0);
    CHECK(done.extracted_bytes > 0);
    CHECK(done.apply_latency.total() >= 1);
    CHECK(done.apply_latency.total() <= 2);
    CHECK(done.apply_latency.sum_us > 0);
    CHECK(done.queue_bytes == 0);

    worker.terminate();
    const auto last = lines.wait_for(TaskState::stopped);
    CHECK(last.reason.empty());
    CHECK(place(last.checkpoint) == end);
    check_last(lines, TaskState::stopped);
    CHECK(worker.wait_for_exit().status.code == 0);
    CHECK_FALSE(std::filesystem::exists(w.status_socket));
}

TEST_CASE("status: a source that is away makes the worker retry, and say why", "[status]") {
    Watched w;
    auto worker = w.start();
    StatusLines lines(w.status_socket);
    lines.wait_for(TaskState::caught_up);
    w.source.stop();
    const auto waiting = lines.wait_for(TaskState::retrying);
    CHECK_THAT(waiting.reason, Catch::Contains("source"));
    CHECK(waiting.retries >= 1);
    w.source.start();
    const auto back = lines.wait_for(TaskState::caught_up);
    CHECK(back.reason.empty());
    CHECK_FALSE(back.last_error.empty());
    CHECK(waiting.last_error_us > 0);
    CHECK(back.last_error_us >= waiting.last_error_us);
    w.source.run("insert into d.t values (1,'a')");
    const auto end = place(w.source.binlog_end());
    lines.wait_for("the end is recorded",
                   [&](const WorkerStatus& s) { return place(s.checkpoint) == end; });
    CHECK(worker.stop().status.code == 0);
}

TEST_CASE("status: a target that is away makes the worker retry, and go on", "[status]") {
    Watched w;
    auto worker = w.start();
    StatusLines lines(w.status_socket);
    lines.wait_for(TaskState::caught_up);
    w.target.stop();
    w.source.run("insert into d.t values (1,'a')");
    const auto waiting = lines.wait_for(TaskState::retrying);
    CHECK_THAT(waiting.reason, Catch::Contains(std::to_string(w.target.port())) ||
                                   Catch::Contains("server has gone away"));
    CHECK(waiting.lag_seconds >= 0);
    w.target.start();
    lines.wait_for(TaskState::caught_up, 60s);
    CHECK(w.target.scalar("select v from d.t where id=1") == "a");
    CHECK(worker.stop().status.code == 0);
}

TEST_CASE("status: work under way shows as streaming, with its lag, and the worker is alive",
          "[status]") {
    Watched w;
    NotifySocket notify(w.sockets / "notify");
    w.options.environment = {{"NOTIFY_SOCKET", notify.path().string()},
                             {"WATCHDOG_USEC", "300000"}};
    auto worker = w.start();
    StatusLines lines(w.status_socket);
    lines.wait_for(TaskState::caught_up);
    // The target keeps the worker waiting.
    w.target.run("lock tables d.t read");
    w.source.run("use d; insert into t select seq, 'x' from seq_1_to_1000");
    const auto at_work = lines.wait_for(TaskState::streaming);
    CHECK(at_work.extracted_changes == 1000);
    CHECK(at_work.applied_changes == 0);
    const auto later =
        lines.wait_for("its lag grows", [](const WorkerStatus& s) { return s.lag_seconds > 1.5; });
    CHECK(later.state == TaskState::streaming);
    notify.drain();
    for (int i = 0; i < 5; ++i) notify.wait_for("WATCHDOG=1", 2s);
    w.target.run("unlock tables");
    const auto done = lines.wait_for(TaskState::caught_up);
    CHECK(done.applied_changes == 1000);
    // It took longer than a second, once.
    CHECK(std::accumulate(done.apply_latency.counts.begin() + 9, done.apply_latency.counts.end(),
                          std::uint64_t{0}) == 1);
    // A load that goes on shows as a rate, within two of the seconds that it is taken over.
    double rate = 0;
    for (unsigned id = 1001; rate == 0 && id < 1020; ++id) {
        w.source.run(fmt::format("insert into t values ({}, 'y')", id));
        rate = lines
                   .wait_for("the next change",
                             [&](const WorkerStatus& s) { return s.applied_changes >= id; })
                   .applied_per_second;
    }
    CHECK(rate > 0);
    lines.wait_for("none", [](const WorkerStatus& s) { return s.applied_per_second == 0; });
    CHECK(worker.stop().status.code == 0);
}

TEST_CASE("status: the last line says what ended the task", "[status]") {
    Watched w;

    SECTION("a change that cannot be applied") {
        w.source.run("create table d.missing (id int primary key)");
        auto worker = w.start();
        StatusLines lines(w.status_socket);
        lines.wait_for(TaskState::caught_up);
        w.source.run("insert into d.missing values (1)");
        const auto last = lines.wait_for(TaskState::failed);
        CHECK_THAT(last.reason, Catch::Contains("`d`.`missing` does not exist"));
        CHECK(last.last_error == last.reason);
        check_last(lines, TaskState::failed);
        CHECK(worker.wait_for_exit().status.code == 76);
    }
    SECTION("a gap") {
        w.source.run("flush binary logs");
        w.source.run("purge binary logs to '" + w.source.binlog_end().file + "'");
        auto worker = w.start(w.ini()
                                  .set("extractor", "binlog_filename", "binlog.000001")
                                  .set("extractor", "binlog_position", "4"));
        StatusLines lines(w.status_socket);
        const auto last = lines.wait_for(TaskState::gap);
        CHECK_FALSE(last.reason.empty());
        CHECK(worker.wait_for_exit().status.code == 66);
    }
}

TEST_CASE("status: a killed worker's socket is replaced, a living one's is not", "[status]") {
    Watched w;
    auto first = w.start();
    StatusLines(w.status_socket).wait_for(TaskState::caught_up);
    const auto second =
        run_worker({(w.folder / "task.ini").string(), "--log-dir", (w.folder / "other").string(),
                    "--status-socket", w.status_socket.string()});
    CHECK(second.status.code == 73);
    CHECK_THAT(second.output, Catch::Contains("another worker listens there"));
    first.kill();
    first.wait_for_exit();
    REQUIRE(std::filesystem::exists(w.status_socket));
    auto third = w.start();
    StatusLines(w.status_socket).wait_for(TaskState::caught_up);
    CHECK(third.stop().status.code == 0);
}

TEST_CASE("service: systemd is told that the worker streams, is alive, and stops", "[status]") {
    Watched w;
    NotifySocket notify(w.sockets / "notify");
    w.options.environment = {{"NOTIFY_SOCKET", notify.path().string()},
                             {"WATCHDOG_USEC", "300000"}};
    auto worker = w.start();
    notify.wait_for("READY=1");
    CHECK_THAT(notify.wait_for("STATUS=caught up"),
               Catch::Matches("STATUS=caught up, .*\\.[0-9]{6}:[0-9]+, lag 0\\.0 s, 0 changes/s"));
    // Idle, and alive all the same: again and again.
    for (int i = 0; i < 10; ++i) notify.wait_for("WATCHDOG=1", 2s);
    // While the source is away, too.
    w.source.stop();
    notify.wait_for("STATUS=retrying: ");
    for (int i = 0; i < 5; ++i) notify.wait_for("WATCHDOG=1", 2s);
    w.source.start();
    notify.wait_for("STATUS=caught up");
    worker.terminate();
    notify.wait_for("STOPPING=1");
    CHECK(worker.wait_for_exit().status.code == 0);
    notify.drain();
    const auto& seen = notify.seen();
    CHECK(std::count(seen.begin(), seen.end(), "READY=1") == 1);
    CHECK(std::any_of(seen.begin(), seen.end(), [](const std::string& message) {
        return message.starts_with("STATUS=stopped");
    }));
}

TEST_CASE("service: a worker with one thread that stands still does not feed the watchdog",
          "[status]") {
    Watched w;
    NotifySocket notify(w.sockets / "notify");
    w.options.environment = {{"NOTIFY_SOCKET", notify.path().string()},
                             {"WATCHDOG_USEC", "300000"}};
    auto worker = w.start();
    StatusLines lines(w.status_socket);
    lines.wait_for(TaskState::caught_up);
    {
        const FrozenThread frozen(youngest_thread(worker.pid()));
        w.source.run("insert into d.t values (1,'a')");
        // The worker still answers, and still reads: it only does not get on.
        const auto status = lines.wait_for(
            "the change is read", [](const WorkerStatus& s) { return s.extracted_changes == 1; });
        CHECK(status.applied_changes == 0);
        const auto is_fed = [&] {
            try {
                notify.wait_for("WATCHDOG=1", 1s);
                return true;
            } catch (const std::runtime_error&) {
                return false;
            }
        };
        int pings = 0;
        while (pings < 30 && is_fed()) ++pings;
        CHECK(pings < 30);
        CHECK_FALSE(is_fed());
    }
    notify.wait_for("WATCHDOG=1");
    lines.wait_for("the change is applied",
                   [](const WorkerStatus& s) { return s.applied_changes == 1; });
    CHECK(worker.stop().status.code == 0);
}

TEST_CASE("service: a start that takes long asks for more time, and is not ready", "[status]") {
    Watched w;
    NotifySocket notify(w.sockets / "notify");
    // As from a unit with RuntimeDirectory=: the status socket is there.
    w.options.args = {};
    w.options.environment = {{"NOTIFY_SOCKET", notify.path().string()},
                             {"RUNTIME_DIRECTORY", w.sockets.path().string()}};
    w.source.stop();
    auto worker = w.start();
    StatusLines(w.status_socket).wait_for(TaskState::retrying);
    notify.wait_for("EXTEND_TIMEOUT_USEC=");
    notify.wait_for("STATUS=retrying: ");
    CHECK(std::count(notify.seen().begin(), notify.seen().end(), "READY=1") == 0);
    w.source.start();
    notify.wait_for("READY=1");
    CHECK(worker.stop().status.code == 0);
}
