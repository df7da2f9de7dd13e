// A hundred tasks on one dtsd: what it costs when nothing happens, and how long dtsctl list takes.
//
//   hundred-tasks [TASKS] [SECONDS]       as root or not; starts a MariaDB of its own
//
// Needs dtsd, dtsctl and dts-worker of the same build. Each task has a server_id of its own and a
// dummy sink.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <poll.h>
#include <sstream>
#include <unistd.h>

#include "test/integration/daemon_ground.hpp"
#include "test/servers/mariadb_server.hpp"

namespace {

using namespace dts;
using namespace dts::test;
using Clock = std::chrono::steady_clock;

long rss_kib(pid_t pid) {
    std::ifstream lines(fmt::format("/proc/{}/status", pid));
    for (std::string line; std::getline(lines, line);) {
        if (line.rfind("VmRSS:", 0) == 0) return std::atol(line.c_str() + 6);
    }
    return 0;
}

double cpu_seconds(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string text;
    std::getline(file, text);
    std::istringstream fields(text.substr(text.rfind(')') + 2));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

int main(int argc, char** argv) {
    const int tasks = argc > 1 ? std::atoi(argv[1]) : 100;
    const int seconds = argc > 2 ? std::atoi(argv[2]) : 30;
    MariadbServer source;
    source.run("SET GLOBAL max_connections = 2000; CREATE DATABASE d");
    DaemonGround dtsd;
    for (int i = 0; i < tasks; ++i) {
        TaskIni ini = TaskIni::mysql_cdc(source, source, "d");
        ini.set("sinker", "sink_type", "dummy")
            .set("pipeline", "checkpoint_interval_secs", "10")
            .set("extractor", "binlog_heartbeat_interval_secs", "10");
        dtsd.put(fmt::format("task{:03}", i + 1), ini);
    }
    const auto begin = Clock::now();
    dtsd.start();
    for (int i = 0; i < tasks; ++i) {
        dtsd.wait_for(fmt::format("task{:03}", i + 1), "streams", streams, std::chrono::minutes(3));
    }
    const std::chrono::duration<double> started = Clock::now() - begin;
    std::cout << fmt::format("{} tasks stream {:.1f} s after dtsd's start\n", tasks,
                             started.count());

    // Idle: nobody asks, nothing is written.
    ::poll(nullptr, 0, 5'000);
    const double cpu = cpu_seconds(dtsd.pid());
    ::poll(nullptr, 0, seconds * 1000);
    const double used = cpu_seconds(dtsd.pid()) - cpu;
    std::cout << fmt::format("dtsd idle: RSS {:.1f} MiB, CPU {:.2f} % of one core over {} s\n",
                             static_cast<double>(rss_kib(dtsd.pid())) / 1024, 100 * used / seconds,
                             seconds);

    std::vector<double> times;
    for (int i = 0; i < 21; ++i) {
        const auto from = Clock::now();
        if (dtsd.ctl({"list"}).code != 0) return 1;
        times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - from).count());
    }
    std::ranges::sort(times);
    std::cout << fmt::format("dtsctl list: median {:.1f} ms, slowest of {} {:.1f} ms\n",
                             times[times.size() / 2], times.size(), times.back());
    const auto stop_begin = Clock::now();
    dtsd.stop();
    std::cout << fmt::format("all stopped in {:.1f} s\n",
                             std::chrono::duration<double>(Clock::now() - stop_begin).count());
    return 0;
}
