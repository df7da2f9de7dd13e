#include "test/bench/bench_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "test/servers/temp_folder.hpp"

namespace dts::bench {

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

}  // namespace

bool Choice::wants(const std::string& what) const {
    const auto has = [&](const auto& list) {
        return std::find(list.begin(), list.end(), what) != list.end();
    };
    return has(parts) || has(backlogs);
}

void add_options(CLI::App& app, Options& options, Choice& choice, bool& small) {
    app.add_flag("--small", small, "a tenth of everything, for a try");
    app.add_option("--only", choice.parts, "a: reading, b: catching up, c: latency")
        ->check(CLI::IsMember(choice.parts));
    app.add_option("--backlog", choice.backlogs, "of a and b")
        ->check(CLI::IsMember(choice.backlogs));
    app.add_option("--rounds", options.rounds)->check(CLI::Range(1, 100))->capture_default_str();
    app.add_option("--set", options.settings, "SECTION.KEY=VALUE of the worker's ini")
        ->check([](const std::string& text) {
            const auto dot = text.find('.');
            const auto equals = text.find('=');
            return dot < equals && equals != std::string::npos ? "" : "not SECTION.KEY=VALUE";
        });
    app.add_flag_callback(
        "--keep", [] { setenv("DTS_TEST_KEEP", "1", 1); },
        "leave the servers' and workers' folders behind, and name them");
}

void make_small(Options& options) {
    options.update_transactions /= 10;
    options.rows_per_table /= 10;
    options.inserted_rows /= 10;
    options.latency_transactions /= 10;
}

void apply_settings(test::TaskIni& ini, const std::vector<std::string>& settings) {
    for (const std::string& setting : settings) {
        const auto dot = setting.find('.');
        const auto equals = setting.find('=');
        ini.set(setting.substr(0, dot), setting.substr(dot + 1, equals - dot - 1),
                setting.substr(equals + 1));
    }
}

void print_machine() {
    fmt::print("machine   {}, {} cores, load {}\n", processor(),
               std::thread::hardware_concurrency(), load());
}

void print_rounds(const Options& options) {
    fmt::print("rounds    {}; figures are medians, ratios medians of the rounds' ratios\n",
               options.rounds);
    std::fflush(stdout);
}

}  // namespace dts::bench
