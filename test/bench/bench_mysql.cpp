// dts from MariaDB to MariaDB, measured beside what the servers themselves can do. The README here
// says what each figure means; test/bench/mysql builds and runs it.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "test/bench/catching_up.hpp"
#include "test/bench/latency.hpp"
#include "test/bench/reading.hpp"
#include "test/servers/worker_process.hpp"

using namespace dts;
using namespace dts::bench;

namespace {

std::string processor() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
    }
    return "processor unknown";
}

std::string load() {
    const std::string text = test::read_file("/proc/loadavg");
    return text.substr(0, text.find(' '));
}

void print_heading(TestGround& ground) {
    fmt::print("machine   {}, {} cores, load {}\n", processor(),
               std::thread::hardware_concurrency(), load());
    fmt::print("servers   MariaDB {}; {}\n", ground.source().scalar("SELECT VERSION()"),
               TestGround::server_settings(ground.options()));
    fmt::print("native    slave_parallel_threads=0, by file and position\n");
    fmt::print(
        "dts       {}; [parallelizer] parallel_type=rdb_merge, parallel_size=1; [pipeline] "
        "exactly_once=true, checkpoint_interval_secs=1{}{}\n",
        DTS_VERSION, ground.options().settings.empty() ? "" : "; ",
        fmt::join(ground.options().settings, ", "));
    fmt::print("rounds    {}; figures are medians, ratios medians of the rounds' ratios\n",
               ground.options().rounds);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("measures dts from MariaDB to MariaDB, beside the servers' own replication");
    Options options;
    bool small = false;
    bool keep = false;
    std::vector<std::string> parts = {"a", "b", "c"};
    std::vector<std::string> backlogs = {"updates", "inserts"};
    app.add_flag("--small", small, "a tenth of everything, for a try");
    app.add_option("--only", parts, "a: reading, b: catching up, c: latency")
        ->check(CLI::IsMember({"a", "b", "c"}));
    app.add_option("--backlog", backlogs, "of a and b")
        ->check(CLI::IsMember({"updates", "inserts"}));
    app.add_option("--rounds", options.rounds)->check(CLI::Range(1, 100))->capture_default_str();
    app.add_flag("--target-binlog", options.target_binlog,
                 "the targets write a binlog too, of all that they apply");
    app.add_option("--set", options.settings, "SECTION.KEY=VALUE of the worker's ini")
        ->check([](const std::string& text) {
            const auto dot = text.find('.');
            const auto equals = text.find('=');
            return dot < equals && equals != std::string::npos ? "" : "not SECTION.KEY=VALUE";
        });
    app.add_flag("--keep", keep, "leave the servers' and workers' folders behind, and name them");
    CLI11_PARSE(app, argc, argv);
    if (keep) setenv("DTS_TEST_KEEP", "1", 1);
    if (small) {
        options.update_transactions /= 10;
        options.rows_per_table /= 10;
        options.inserted_rows /= 10;
        options.latency_transactions /= 10;
    }
    const auto wants = [](const std::vector<std::string>& list, const char* what) {
        return std::find(list.begin(), list.end(), what) != list.end();
    };

    try {
        TestGround ground(options);
        print_heading(ground);
        const auto measure = [&](const Backlog& backlog) {
            if (wants(parts, "a")) measure_reading(ground, backlog);
            if (wants(parts, "b")) measure_catching_up(ground, backlog);
        };
        if (wants(parts, "a") || wants(parts, "b")) {
            if (wants(backlogs, "updates")) measure(ground.make_updates());
            if (wants(backlogs, "inserts")) measure(ground.make_inserts());
        }
        if (wants(parts, "c")) measure_latency(ground);
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 70;
    }
}
