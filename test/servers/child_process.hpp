// A program that a test starts: in a process group of its own, killed when the test's thread that
// started it ends (however that comes about), waited for by an event, never by sleeping.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dts::test {

struct ExitStatus {
    int code = 0;    ///< the exit code; -1 when a signal ended it
    int signal = 0;  ///< the signal that ended it; 0 for none
    std::int64_t peak_rss_kib = 0;
    std::chrono::microseconds cpu_time{};  ///< user and system

    /// "exit code 70", "signal 9".
    std::string text() const;
};

struct Command {
    std::vector<std::string> args;                    ///< args[0] is the program, found in PATH
    std::filesystem::path stdout_file = "/dev/null";  ///< appended to
    std::filesystem::path stderr_file = "/dev/null";  ///< may be the same file
    std::filesystem::path working_folder;             ///< empty: the caller's
    std::vector<std::pair<std::string, std::string>> environment;  ///< added to the caller's
};

class ChildProcess {
  public:
    /// Starts it. Throws when the program cannot be executed. The thread that calls must live as
    /// long as the process shall: Linux ties the two.
    explicit ChildProcess(const Command& command);
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    /// Kills it, and what it has started in its group, and waits.
    ~ChildProcess();

    pid_t pid() const noexcept { return pid_; }
    /// Readable (poll) once the process has ended.
    int pidfd() const noexcept { return pidfd_; }
    bool is_running();
    /// Does nothing once it has been waited for.
    void signal(int number) noexcept;
    /// Nothing when it still runs after the timeout. May be called again after the end.
    std::optional<ExitStatus> wait(std::chrono::milliseconds timeout);

  private:
    pid_t pid_ = -1;
    int pidfd_ = -1;
    std::optional<ExitStatus> ended_;
};

/// Runs a program to its end; its output. Throws with that output when it does not end with 0 in
/// time.
std::string run_program(std::vector<std::string> args,
                        std::chrono::milliseconds timeout = std::chrono::minutes(2));

}  // namespace dts::test
