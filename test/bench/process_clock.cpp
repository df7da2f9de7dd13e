#include "test/bench/process_clock.hpp"

#include <fmt/format.h>

#include <ctime>
#include <stdexcept>

namespace dts::bench {

double cpu_seconds(pid_t process) {
    clockid_t clock{};
    timespec used{};
    if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) != 0) {
        throw std::runtime_error(fmt::format("process {} is gone", process));
    }
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

double peak_memory_mib(pid_t process) {
    const std::string status = test::read_file(fmt::format("/proc/{}/status", process));
    const auto at = status.find("VmHWM:");
    if (at == std::string::npos) throw std::runtime_error(fmt::format("no peak of {}", process));
    return std::stod(status.substr(at + 6)) / 1024;
}

pid_t process_of(const test::DatabaseServer& server) {
    return std::stoi(test::read_file(server.folder() / "pid"));
}

}  // namespace dts::bench
