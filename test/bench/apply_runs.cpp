#include "test/bench/apply_runs.hpp"

#include <fmt/format.h>

#include "test/bench/statistics.hpp"

namespace dts::bench {

namespace {

void print(const std::string& name, const std::vector<ApplyRun>& runs,
           const std::vector<ApplyRun>& first) {
    fmt::print("  {:<22}{:>8.2f}{:>11.0f}{:>11.2f}{:>8.2f}{:>8.2f}{:>8.2f}", name,
               median_of(runs, &ApplyRun::seconds), median_of(runs, &ApplyRun::rows_per_second),
               median_ratio(runs, first, &ApplyRun::rows_per_second),
               median_of(runs, &ApplyRun::worker_cpu), median_of(runs, &ApplyRun::target_cpu),
               median_of(runs, &ApplyRun::source_cpu));
    if (median_of(runs, &ApplyRun::sender_cpu) > 0) {
        fmt::print("{:>8.2f}{:>11.2f}", median_of(runs, &ApplyRun::sender_cpu),
                   median_of(runs, &ApplyRun::of_sender));
    }
    fmt::print("{:>10.0f}\n", median_of(runs, &ApplyRun::peak_mib));
}

}  // namespace

void took(ApplyRun& run, unsigned rows, std::chrono::steady_clock::time_point start) {
    run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    run.rows_per_second = rows / run.seconds;
}

ApplyRuns apply_by_turns(unsigned rounds, const std::function<ApplyRun()>& native,
                         const std::function<ApplyRun()>& worker) {
    ApplyRuns runs;
    for (unsigned round = 0; round < rounds; ++round) {
        if (round % 2 == 0) runs.native.push_back(native());
        runs.worker.push_back(worker());
        if (round % 2 == 1) runs.native.push_back(native());
    }
    return runs;
}

void print_apply_table(const std::string& title, const std::string& to_first,
                       const std::vector<std::pair<std::string, std::vector<ApplyRun>>>& all) {
    const auto& first = all.front().second;
    const bool has_sender = median_of(all.back().second, &ApplyRun::sender_cpu) > 0;
    fmt::print("\n{}\n", title);
    fmt::print("  {:<22}{:>8}{:>11}{:>11}{:>8}{:>8}{:>8}{}{:>10}\n", "", "seconds", "rows/s",
               to_first, "worker", "target", "source", has_sender ? "  sender  of sender" : "",
               "peak MiB");
    for (const auto& [name, runs] : all) print(name, runs, first);
    std::fflush(stdout);
}

void print_apply_runs(const std::string& title, const std::string& native, const ApplyRuns& runs) {
    print_apply_table(title, "to native", {{native, runs.native}, {"dts", runs.worker}});
    fmt::print("  each round, dts to native:");
    for (std::size_t i = 0; i < runs.worker.size(); ++i) {
        fmt::print(" {:.2f}", runs.worker[i].rows_per_second / runs.native[i].rows_per_second);
    }
    fmt::print("; dts started within {:.2f} s; worker, target, source: CPU seconds\n",
               median_of(runs.worker, &ApplyRun::until_streaming));
    std::fflush(stdout);
}

}  // namespace dts::bench
