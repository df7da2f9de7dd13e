// What a benchmark is asked for, and what it says of the machine it runs on.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

#include "test/servers/task_ini.hpp"

namespace dts::bench {

struct Options {
    unsigned rounds = 3;
    unsigned update_transactions = 400'000;  ///< of one row each
    unsigned rows_per_table = 100'000;       ///< of the tables that are updated
    unsigned inserted_rows = 1'000'000;      ///< in transactions of 1,000
    unsigned latency_transactions = 2000;
    bool target_binlog = false;
    std::vector<std::string> settings;  ///< SECTION.KEY=VALUE, of the worker's ini
};

/// Options of all benchmarks. `parts`, `backlogs`: what --only and --backlog may name; they are
/// left with what was asked for.
struct Choice {
    std::vector<std::string> parts;
    std::vector<std::string> backlogs;

    bool wants(const std::string& what) const;
};
void add_options(CLI::App& app, Options& options, Choice& choice, bool& small);

/// A tenth of everything, for a try.
void make_small(Options& options);

/// --set SECTION.KEY=VALUE
void apply_settings(test::TaskIni& ini, const std::vector<std::string>& settings);

/// "machine ...", and how often each is measured.
void print_machine();
void print_rounds(const Options& options);

}  // namespace dts::bench
