#include "daemon/units/worker_spawn.hpp"

#include <fmt/format.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <signal.h>
#include <sstream>
#include <unistd.h>

#include "lib/base/error.hpp"

namespace dts {

namespace {

/// All that the child needs: after fork() it may not allocate.
struct Prepared {
    std::vector<std::string> environment;
    std::vector<char*> argv;
    std::vector<char*> envp;
    FileHandle input;
    FileHandle output;
    rlimit open_files{};
};

std::vector<std::string> environment_of(const WorkerCommand& command) {
    // What systemd says to the daemon is not meant for its workers.
    std::vector<std::string> ours = {"NOTIFY_SOCKET",  "WATCHDOG_USEC", "WATCHDOG_PID",
                                     "LISTEN_FDS",     "LISTEN_PID",    "LISTEN_FDNAMES",
                                     "STATE_DIRECTORY"};
    for (const auto& [name, value] : command.environment) ours.push_back(name);
    std::vector<std::string> result;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const std::string name(text.substr(0, text.find('=')));
        if (std::ranges::find(ours, name) == ours.end()) result.emplace_back(text);
    }
    for (const auto& [name, value] : command.environment) result.push_back(name + "=" + value);
    return result;
}

FileHandle open_or_throw(const std::filesystem::path& path, int flags) {
    FileHandle file(::open(path.c_str(), flags | O_CLOEXEC, 0640));
    if (file) return file;
    throw Error(ErrorKind::log_directory,
                fmt::format("opening {}: {}", path.string(), std::strerror(errno)));
}

Prepared prepare(const WorkerCommand& command) {
    Prepared prepared;
    prepared.environment = environment_of(command);
    for (const auto& argument : command.arguments) {
        prepared.argv.push_back(const_cast<char*>(argument.c_str()));
    }
    for (auto& entry : prepared.environment) prepared.envp.push_back(entry.data());
    prepared.argv.push_back(nullptr);
    prepared.envp.push_back(nullptr);
    prepared.input = open_or_throw("/dev/null", O_RDONLY);
    prepared.output = open_or_throw(command.output, O_WRONLY | O_CREAT | O_APPEND);
    ::getrlimit(RLIMIT_NOFILE, &prepared.open_files);
    prepared.open_files.rlim_cur =
        std::min<rlim_t>(command.most_open_files, prepared.open_files.rlim_max);
    return prepared;
}

/// In the child: becomes the program, or tells errno through the pipe.
[[noreturn]] void become(const Prepared& prepared, pid_t parent, int error_pipe) noexcept {
    struct sigaction by_default {};
    by_default.sa_handler = SIG_DFL;
    for (const int number : {SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGCHLD}) {
        ::sigaction(number, &by_default, nullptr);
    }
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::umask(0027);
    ::setrlimit(RLIMIT_NOFILE, &prepared.open_files);
    // Without the daemon a worker would go on unseen, and hold its log directory.
    const bool ready = ::setpgid(0, 0) == 0 && ::prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 &&
                       ::getppid() == parent && ::dup2(prepared.input.get(), STDIN_FILENO) >= 0 &&
                       ::dup2(prepared.output.get(), STDOUT_FILENO) >= 0 &&
                       ::dup2(prepared.output.get(), STDERR_FILENO) >= 0 &&
                       ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
    if (ready) ::execve(prepared.argv[0], prepared.argv.data(), prepared.envp.data());
    const int error = errno;
    [[maybe_unused]] const auto written = ::write(error_pipe, &error, sizeof error);
    ::_exit(127);
}

Error no_room(std::string_view what) {
    return {ErrorKind::transient, fmt::format("{}: {}", what, std::strerror(errno))};
}

}  // namespace

SpawnedWorker spawn_worker(const WorkerCommand& command) {
    const Prepared prepared = prepare(command);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw no_room("making a pipe");
    const FileHandle read_end(ends[0]);
    FileHandle write_end(ends[1]);
    const pid_t parent = ::getpid();
    SpawnedWorker worker;
    worker.pid = ::fork();
    if (worker.pid == 0) become(prepared, parent, write_end.get());
    if (worker.pid < 0) throw no_room("starting a process");
    write_end = FileHandle();
    int error = 0;
    ssize_t got = 0;
    do {
        got = ::read(read_end.get(), &error, sizeof error);
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
        ::waitpid(worker.pid, nullptr, 0);
        throw Error(ErrorKind::config, fmt::format("executing {}: {}", command.arguments.front(),
                                                   std::strerror(error)));
    }
    worker.pidfd = open_pidfd(worker.pid);
    if (worker.pidfd) return worker;
    const Error failed = no_room("pidfd_open");
    ::kill(-worker.pid, SIGKILL);
    ::waitpid(worker.pid, nullptr, 0);
    throw failed;
}

std::optional<ProcessMark> mark_of(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string text;
    if (!std::getline(file, text)) return std::nullopt;
    // The name in brackets may hold anything; the start is the 20th field behind it.
    std::istringstream fields(text.substr(std::min(text.rfind(')') + 1, text.size())));
    std::string field;
    char state = ' ';
    fields >> state;
    for (int i = 0; i < 18; ++i) fields >> field;
    ProcessMark mark{pid, 0};
    if (state == 'Z' || !(fields >> mark.started)) return std::nullopt;
    return mark;
}

void write_mark(const std::filesystem::path& file, const ProcessMark& mark) {
    std::ofstream(file, std::ios::trunc) << mark.pid << ' ' << mark.started << '\n';
}

std::optional<ProcessMark> read_living_mark(const std::filesystem::path& file) {
    std::ifstream in(file);
    ProcessMark mark;
    if (!(in >> mark.pid >> mark.started) || mark.pid <= 1) return std::nullopt;
    return mark_of(mark.pid) == mark ? std::optional(mark) : std::nullopt;
}

FileHandle open_pidfd(pid_t pid) noexcept {
    return FileHandle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

}  // namespace dts
