#include "daemon/units/process_unit.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <optional>
#include <signal.h>
#include <utility>
#include <vector>

#include "daemon/units/process_output.hpp"
#include "lib/base/clock_text.hpp"
#include "lib/base/error.hpp"

namespace dts {

namespace {

using Active = UnitState::Active;
using Clock = std::chrono::steady_clock;
using Done = UnitBackend::Done;

/// Asked for by somebody else: not a failure, as systemd sees it.
bool is_clean_signal(int number) noexcept {
    return number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGPIPE;
}

}  // namespace

bool is_final_exit(int code) noexcept {
    constexpr int final_codes[] = {65, 66, 73, 76, 77, 78};
    return std::ranges::find(final_codes, code) != std::end(final_codes);
}

struct ProcessUnit::Machine : std::enable_shared_from_this<Machine> {
    Machine(boost::asio::io_context& loop, WorkerCommand run, std::filesystem::path runtime_folder,
            ProcessPolicy rules, Events tell)
        : command(std::move(run)),
          folder(std::move(runtime_folder)),
          policy(rules),
          events(std::move(tell)),
          end(loop),
          restart_timer(loop),
          kill_timer(loop),
          watchdog_timer(loop),
          delay(rules.first_delay) {}

    // ---- requests -------------------------------------------------------------------------------

    void start(Done done) {
        if (state.active == Active::running) return done(std::nullopt);
        starts.push_back(std::move(done));
        state.restarts = 0;
        delay = policy.first_delay;
        if (state.active == Active::starting) return;
        if (state.active == Active::stopping) {
            start_when_stopped = true;
            return;
        }
        restart_timer.cancel();
        run();
    }

    void stop(Done done) {
        start_when_stopped = false;
        answer(starts, "it was stopped before it streamed");
        if (process == 0) {
            restart_timer.cancel();
            change(Active::inactive);
            return done(std::nullopt);
        }
        stops.push_back(std::move(done));
        end_process();
    }

    void restart(Done done) {
        if (process == 0) return start(std::move(done));
        starts.push_back(std::move(done));
        state.restarts = 0;
        delay = policy.first_delay;
        start_when_stopped = true;
        end_process();
    }

    void end_process() {
        if (state.active == Active::stopping) return;
        change(Active::stopping);
        signal_group(SIGTERM);
        kill_timer.expires_after(policy.stop_patience);
        on_timer(kill_timer, [](Machine& self) {
            if (self.state.active != Active::stopping) return;
            self.say(fmt::format("does not stop, it is killed (pid {})", self.process));
            self.signal_group(SIGKILL);
        });
    }

    /// A timer that was cancelled too late may find no process: 0 would be the daemon's own group.
    void signal_group(int number) const noexcept {
        if (process > 1) ::kill(-process, number);
    }

    static void answer(std::vector<Done>& waiting, const std::optional<std::string>& problem) {
        for (const Done& done : std::exchange(waiting, {})) done(problem);
    }

    // ---- a run ----------------------------------------------------------------------------------

    void run() {
        run_begin = Clock::now();
        try {
            make_folders();
            if (const auto other = read_living_mark(mark_file())) return wait_for(*other);
            output_begin = output_size(command.output);
            SpawnedWorker worker = spawn_worker(command);
            process = worker.pid;
            if (const auto mark = mark_of(process)) write_mark(mark_file(), *mark);
            state.pid = process;
            state.exit_code.reset();
            state.signal.reset();
            state.detail.clear();
            was_killed_by_watchdog = false;
            change(Active::starting);
            watch_end(std::move(worker.pidfd), [](Machine& self) { self.ended(); });
        } catch (const std::exception& error) {
            state.detail = error.what();
            failed(true);
        }
    }

    void make_folders() const {
        namespace fs = std::filesystem;
        for (const fs::path& path : {command.output.parent_path(), folder}) {
            if (fs::is_directory(path)) continue;
            fs::create_directories(path);
            fs::permissions(path,
                            fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec);
        }
    }

    std::filesystem::path mark_file() const { return folder / "worker.pid"; }

    /// The worker of a daemon that was killed: it has been told to stop, and holds the log
    /// directory until it has.
    void wait_for(const ProcessMark& other) {
        FileHandle pidfd = open_pidfd(other.pid);
        if (!pidfd) return run();
        say(fmt::format("waits for the worker of an earlier dtsd to end (pid {})", other.pid));
        process = other.pid;
        state.detail = "waits for the worker of an earlier dtsd";
        change(Active::starting);
        signal_group(SIGTERM);
        kill_timer.expires_after(policy.stop_patience);
        on_timer(kill_timer, [](Machine& self) { self.signal_group(SIGKILL); });
        watch_end(std::move(pidfd), [](Machine& self) {
            self.process = 0;
            self.kill_timer.cancel();
            if (self.state.active == Active::stopping) return self.stopped();
            self.run();
        });
    }

    void watch_end(FileHandle pidfd, void (*then)(Machine&)) {
        end_fd = std::move(pidfd);
        end.assign(end_fd.get());
        end.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [weak = weak_from_this(), then](const boost::system::error_code& failed) {
                           const auto self = weak.lock();
                           if (!self || failed) return;
                           self->end.release();
                           self->end_fd = FileHandle();
                           then(*self);
                       });
    }

    void ended() {
        int status = 0;
        while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
        }
        signal_group(SIGKILL);  // what it may have left behind
        std::error_code ignored;
        std::filesystem::remove(mark_file(), ignored);
        process = 0;
        state.pid = 0;
        kill_timer.cancel();
        watchdog_timer.cancel();
        if (state.active == Active::stopping) return stopped();
        if (WIFEXITED(status)) state.exit_code = WEXITSTATUS(status);
        if (WIFSIGNALED(status)) state.signal = WTERMSIG(status);
        state.detail = was_killed_by_watchdog ? std::string("watchdog")
                                              : last_words(command.output, output_begin);
        const bool clean = state.exit_code == 0 || (state.signal && is_clean_signal(*state.signal));
        if (!clean) return failed(!state.exit_code || !is_final_exit(*state.exit_code));
        state.detail.clear();
        change(Active::inactive);
        answer(starts, std::nullopt);
    }

    void stopped() {
        state.pid = 0;
        state.detail.clear();
        change(Active::inactive);
        answer(stops, std::nullopt);
        if (std::exchange(start_when_stopped, false)) run();
    }

    void failed(bool may_start_again) {
        const std::string problem =
            state.detail.empty() ? std::string("it failed") : "it failed: " + state.detail;
        if (!may_start_again) {
            change(Active::failed);
            return answer(starts, problem);
        }
        if (Clock::now() - run_begin >= policy.good_run) delay = policy.first_delay;
        restart_timer.expires_after(delay);
        delay = std::min(delay * 2, policy.longest_delay);
        on_timer(restart_timer, [](Machine& self) {
            if (self.state.active != Active::restarting) return;
            ++self.state.restarts;
            self.run();
        });
        change(Active::restarting);
        answer(starts, problem);
    }

    // ---- what it says ---------------------------------------------------------------------------

    void note(std::string_view name, std::string_view value) {
        if (name == "READY" && value == "1" && state.active == Active::starting) {
            change(Active::running);
            guard();
            answer(starts, std::nullopt);
        } else if (name == "WATCHDOG" && value == "1" && state.active == Active::running) {
            guard();
        }
    }

    void guard() {
        if (policy.watchdog.count() == 0) return;
        watchdog_timer.expires_after(policy.watchdog);
        on_timer(watchdog_timer, [](Machine& self) {
            if (self.state.active != Active::running) return;
            self.say(fmt::format("shows no sign of life, it is killed (pid {})", self.process));
            self.was_killed_by_watchdog = true;
            self.signal_group(SIGKILL);
        });
    }

    void on_timer(boost::asio::steady_timer& timer, void (*then)(Machine&)) {
        timer.async_wait([weak = weak_from_this(), then](const boost::system::error_code& failed) {
            const auto self = weak.lock();
            if (self && !failed) then(*self);
        });
    }

    void change(Active active) {
        state.active = active;
        state.since_us = now_us();
        if (events.on_change) events.on_change(state);
    }

    void say(const std::string& text) const {
        if (events.log) events.log(text);
    }

    const WorkerCommand command;
    const std::filesystem::path folder;
    const ProcessPolicy policy;
    Events events;
    boost::asio::posix::stream_descriptor end;
    FileHandle end_fd;
    boost::asio::steady_timer restart_timer, kill_timer, watchdog_timer;
    std::chrono::milliseconds delay;
    UnitState state;
    pid_t process = 0;  ///< also that of an earlier daemon, while it is waited for
    Clock::time_point run_begin = Clock::now();
    std::uint64_t output_begin = 0;
    bool was_killed_by_watchdog = false;
    bool start_when_stopped = false;
    std::vector<Done> starts, stops;
};

ProcessUnit::ProcessUnit(boost::asio::io_context& loop, WorkerCommand command,
                         std::filesystem::path folder, ProcessPolicy policy, Events events)
    : machine_(std::make_shared<Machine>(loop, std::move(command), std::move(folder), policy,
                                         std::move(events))) {}

ProcessUnit::~ProcessUnit() {
    machine_->events = {};
    if (machine_->end.is_open()) machine_->end.release();
    if (machine_->state.pid == 0) return;
    ::kill(-machine_->process, SIGKILL);
    ::waitpid(machine_->process, nullptr, 0);
}

void ProcessUnit::start(UnitBackend::Done done) {
    machine_->start(std::move(done));
}

void ProcessUnit::stop(UnitBackend::Done done) {
    machine_->stop(std::move(done));
}

void ProcessUnit::restart(UnitBackend::Done done) {
    machine_->restart(std::move(done));
}

void ProcessUnit::note(std::string_view name, std::string_view value) {
    machine_->note(name, value);
}

const UnitState& ProcessUnit::state() const noexcept {
    return machine_->state;
}

}  // namespace dts
