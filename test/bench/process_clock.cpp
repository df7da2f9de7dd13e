#include "test/bench/process_clock.hpp"

#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

#include "test/servers/temp_folder.hpp"

namespace dts::bench {

namespace {

/// Of children that have ended and were waited for.
double reaped_cpu_seconds(pid_t process) {
    const std::string text = test::read_file(fmt::format("/proc/{}/stat", process));
    // Behind the command's name, which may hold anything: cutime and cstime are fields 16 and 17.
    std::istringstream fields(text.substr(std::min(text.rfind(')') + 2, text.size())));
    std::string skipped;
    for (int field = 3; field < 16; ++field) fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

double cpu_seconds(pid_t process) {
    clockid_t clock{};
    timespec used{};
    if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) != 0) {
        throw std::runtime_error(fmt::format("process {} is gone", process));
    }
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

double tree_cpu_seconds(pid_t process) {
    double sum = cpu_seconds(process) + reaped_cpu_seconds(process);
    std::istringstream children(
        test::read_file(fmt::format("/proc/{0}/task/{0}/children", process)));
    for (pid_t child = 0; children >> child;) {
        try {
            sum += cpu_seconds(child);
        } catch (const std::runtime_error&) {
            // It has ended in between: what it used is missing from this sum alone.
        }
    }
    return sum;
}

double peak_memory_mib(pid_t process) {
    const std::string status = test::read_file(fmt::format("/proc/{}/status", process));
    const auto at = status.find("VmHWM:");
    if (at == std::string::npos) throw std::runtime_error(fmt::format("no peak of {}", process));
    return std::stod(status.substr(at + 6)) / 1024;
}

pid_t process_of(const test::SqlServer& server) {
    const bool is_postgres = server.kind() == test::SqlKind::postgres;
    return std::stoi(
        test::read_file(server.folder() / (is_postgres ? "data/postmaster.pid" : "pid")));
}

CpuWatch::CpuWatch(pid_t process)
    : start_(cpu_seconds(process)),
      last_(start_),
      watcher_([this, process](const std::stop_token& stop) {
          try {
              while (!stop.stop_requested()) {
                  last_ = cpu_seconds(process);
                  std::this_thread::sleep_for(std::chrono::milliseconds(5));
              }
          } catch (const std::runtime_error&) {
              // It has ended.
          }
      }) {}

double CpuWatch::seconds() {
    watcher_.request_stop();
    watcher_.join();
    return last_ - start_;
}

}  // namespace dts::bench
