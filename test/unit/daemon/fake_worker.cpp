// A worker for tests of the process backend: does what the line "# behave: WORDS" of its ini says.
//
//   stream            says READY, then lives until SIGTERM; feeds the watchdog
//   silent            says READY, and nothing more
//   mute              says nothing at all
//   exit N [after]    ends with N: at once, or after READY
//   stubborn          says READY, ignores SIGTERM
//   child             as stream, with a child process (its pid in child.pid of the log directory)
#include <fmt/format.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <unistd.h>

#include "daemon/service/notify.hpp"

namespace {

std::string behaviour_of(const char* ini) {
    std::ifstream lines(ini);
    const std::string mark = "# behave: ";
    for (std::string line; std::getline(lines, line);) {
        if (line.rfind(mark, 0) == 0) return line.substr(mark.size());
    }
    return "stream";
}

std::string value_of(int argc, char** argv, const std::string& option) {
    for (int i = 1; i + 1 < argc; ++i) {
        if (argv[i] == option) return argv[i + 1];
    }
    return "";
}

/// What it was given, for the test to look at.
void tell_of_itself(const std::string& log_directory, int argc, char** argv) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    std::string inherited;
    for (int fd = 3; fd < 256; ++fd) {
        if (::lseek(fd, 0, SEEK_CUR) != -1 || errno != EBADF) {
            inherited += fmt::format("inherited {}\n", fd);
        }
    }
    std::ofstream out(log_directory + "/told");
    for (int i = 1; i < argc; ++i) out << argv[i] << '\n';
    const char* const runtime = std::getenv("RUNTIME_DIRECTORY");
    out << "runtime " << (runtime != nullptr ? runtime : "") << '\n'
        << "group " << ::getpgrp() << '\n'
        << "files " << files.rlim_cur << '\n'
        << inherited;
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGALRM, SIG_DFL);
    ::alarm(120);  // never left behind
    const std::string words = behaviour_of(argv[1]);
    const std::string log_directory = value_of(argc, argv, "--log-dir");
    tell_of_itself(log_directory, argc, argv);
    if (words.rfind("exit ", 0) == 0) {
        std::cerr << "some library's words\ndts-worker: so it ends\nmore of a library" << std::endl;
        if (words.ends_with("after")) dts::notify_ready();
        return std::atoi(words.c_str() + 5);
    }
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    if (words == "child") {
        const pid_t child = ::fork();
        if (child == 0) {
            std::signal(SIGTERM, SIG_IGN);
            for (;;) ::pause();
        }
        std::ofstream(log_directory + "/child.pid") << child;
    }
    if (words != "mute") dts::notify_ready();
    const timespec step{0, 20'000'000};
    for (;;) {
        const int got =
            words == "stubborn" ? (::pause(), 0) : sigtimedwait(&signals, nullptr, &step);
        if (got == SIGTERM) return 0;
        if (words == "stream" || words == "child") dts::notify_watchdog();
    }
}
