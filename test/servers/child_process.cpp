#include "test/servers/child_process.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdexcept>
#include <unistd.h>

#include "test/servers/temp_folder.hpp"

namespace dts::test {

namespace {

/// What the child needs after fork(), where nothing may be allocated any more.
struct Prepared {
    std::vector<std::string> environment;
    std::vector<char*> argv;
    std::vector<char*> envp;
};

Prepared prepare(const Command& command) {
    Prepared prepared;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        bool replaced = false;
        for (const auto& [name, value] : command.environment) {
            replaced = replaced || text.starts_with(name + "=");
        }
        if (!replaced) prepared.environment.emplace_back(text);
    }
    for (const auto& [name, value] : command.environment) {
        prepared.environment.push_back(name + "=" + value);
    }
    for (const auto& arg : command.args) prepared.argv.push_back(const_cast<char*>(arg.c_str()));
    for (auto& entry : prepared.environment) prepared.envp.push_back(entry.data());
    prepared.argv.push_back(nullptr);
    prepared.envp.push_back(nullptr);
    return prepared;
}

/// Never returns: executes the program, or reports errno through the pipe.
[[noreturn]] void become(const Command& command, const Prepared& prepared, pid_t parent,
                         int error_pipe) {
    const auto redirect = [](const char* file, int to) {
        const int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        return fd >= 0 && dup2(fd, to) >= 0;
    };
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    const bool ready =
        setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent &&
        dup2(null, STDIN_FILENO) >= 0 && redirect(command.stdout_file.c_str(), STDOUT_FILENO) &&
        redirect(command.stderr_file.c_str(), STDERR_FILENO) &&
        (command.working_folder.empty() || chdir(command.working_folder.c_str()) == 0);
    if (ready) execvpe(prepared.argv[0], prepared.argv.data(), prepared.envp.data());
    const int error = errno;
    [[maybe_unused]] const auto written = write(error_pipe, &error, sizeof error);
    _exit(127);
}

}  // namespace

std::string ExitStatus::text() const {
    return signal != 0 ? "signal " + std::to_string(signal) : "exit code " + std::to_string(code);
}

ChildProcess::ChildProcess(const Command& command) {
    const Prepared prepared = prepare(command);
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
    const pid_t parent = getpid();
    pid_ = fork();
    if (pid_ == 0) become(command, prepared, parent, pipe_ends[1]);
    close(pipe_ends[1]);
    int error = 0;
    const auto got = pid_ > 0 ? read(pipe_ends[0], &error, sizeof error) : 0;
    close(pipe_ends[0]);
    if (pid_ < 0) throw std::runtime_error("fork failed");
    if (got > 0) {
        waitpid(pid_, nullptr, 0);
        throw std::runtime_error("cannot run " + command.args[0] + ": " + std::strerror(error));
    }
    pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
    if (pidfd_ < 0) {
        kill(-pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        throw std::runtime_error("pidfd_open failed");
    }
}

ChildProcess::~ChildProcess() {
    if (!ended_) {
        kill(-pid_, SIGKILL);
        wait(std::chrono::minutes(1));
    }
    close(pidfd_);
}

bool ChildProcess::is_running() {
    return !wait(std::chrono::milliseconds(0));
}

void ChildProcess::signal(int number) noexcept {
    if (!ended_) kill(pid_, number);
}

std::optional<ExitStatus> ChildProcess::wait(std::chrono::milliseconds timeout) {
    if (ended_) return ended_;
    pollfd end{pidfd_, POLLIN, 0};
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        const int ready = poll(&end, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
        if (ready > 0) break;
        if (ready == 0) return std::nullopt;
        if (errno != EINTR) throw std::runtime_error("poll failed");
    }
    int status = 0;
    rusage usage{};
    while (wait4(pid_, &status, 0, &usage) < 0 && errno == EINTR) {
    }
    ExitStatus ended;
    ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    ended.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    ended.peak_rss_kib = usage.ru_maxrss;
    const auto micros = [](const timeval& t) {
        return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec);
    };
    ended.cpu_time = micros(usage.ru_utime) + micros(usage.ru_stime);
    ended_ = ended;
    return ended_;
}

std::string run_program(std::vector<std::string> args, std::chrono::milliseconds timeout) {
    const TempFolder folder("run");
    const auto output = folder / "output";
    Command command;
    command.args = std::move(args);
    command.stdout_file = command.stderr_file = output;
    ChildProcess process(command);
    const auto ended = process.wait(timeout);
    const std::string text = read_file(output);
    if (!ended || ended->code != 0) {
        throw std::runtime_error(command.args[0] + ": " + (ended ? ended->text() : "no end") +
                                 "\n" + text);
    }
    return text;
}

}  // namespace dts::test
