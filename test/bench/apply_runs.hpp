// The figures of applying a backlog, by dts and by the servers' own replication, and their table.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace dts::bench {

struct ApplyRun {
    double seconds = 0;
    double until_streaming = 0;  ///< of those, before the first change was asked for
    double rows_per_second = 0;
    double worker_cpu = 0;
    double target_cpu = 0;
    double source_cpu = 0;
    double sender_cpu = 0;  ///< of the source's, the process that sends (Postgres: walsender)
    double of_sender = 0;   ///< seconds in relation to it: 1 is as fast as it can send
    double peak_mib = 0;
};

/// From `start` until now.
void took(ApplyRun& run, unsigned rows, std::chrono::steady_clock::time_point start);

struct ApplyRuns {
    std::vector<ApplyRun> native;
    std::vector<ApplyRun> worker;
};

/// Whoever comes second finds the machine warmer: they take turns.
ApplyRuns apply_by_turns(unsigned rounds, const std::function<ApplyRun()>& native,
                         const std::function<ApplyRun()>& worker);

/// The ratios are to the first of them, which `to_first` names.
void print_apply_table(const std::string& title, const std::string& to_first,
                       const std::vector<std::pair<std::string, std::vector<ApplyRun>>>& all);

/// The table, with `native`: what the servers' own replication is called; and each round.
void print_apply_runs(const std::string& title, const std::string& native, const ApplyRuns& runs);

}  // namespace dts::bench
