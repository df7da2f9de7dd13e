#include "test/bench/read_runs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "test/bench/process_clock.hpp"
#include "test/bench/statistics.hpp"

namespace dts::bench {

ReadRun time_reading_worker(const test::TaskIni& ini, pid_t source, unsigned rows,
                            const std::string& start_line,
                            const std::function<void(test::WorkerProcess&)>& wait) {
    using Clock = std::chrono::steady_clock;
    constexpr auto step = std::chrono::milliseconds(2);
    constexpr double of_idle_threads = 0.003;  // the clock of the checkpoint, the monitor's line
    struct Sample {
        double at, cpu;
    };

    const test::TempFolder folder("read");
    const CpuMeter source_cpu(source);
    test::WorkerProcess worker(ini, folder.path());
    worker.wait_for_line(start_line);
    const auto start = Clock::now();
    std::vector<Sample> samples;
    std::jthread sampler([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            samples.push_back({std::chrono::duration<double>(Clock::now() - start).count(),
                               cpu_seconds(worker.pid())});
            std::this_thread::sleep_for(step);
        }
    });
    wait(worker);
    sampler.request_stop();
    sampler.join();

    ReadRun run;
    run.cpu = samples.back().cpu;
    const auto through = std::find_if(samples.begin(), samples.end(), [&](const Sample& sample) {
        return sample.cpu >= run.cpu - of_idle_threads;
    });
    run.rows_per_second = rows / through->at;
    run.source_cpu = source_cpu.seconds();
    run.peak_mib = peak_memory_mib(worker.pid());
    worker.stop();
    return run;
}

void print_read_runs(const std::string& title,
                     const std::vector<std::pair<std::string, std::vector<ReadRun>>>& all) {
    const auto& first = all.front().second;
    const bool has_sender = median_of(first, &ReadRun::sender_cpu) > 0;
    fmt::print("\n{}\n", title);
    fmt::print("  {:<28}{:>12}{:>10}{:>10}{:>10}{}{:>10}\n", "", "rows/s", "to first", "CPU s",
               "source", has_sender ? "    sender" : "", "peak MiB");
    for (const auto& [name, runs] : all) {
        fmt::print("  {:<28}{:>12.0f}{:>10.3f}{:>10.2f}{:>10.2f}", name,
                   median_of(runs, &ReadRun::rows_per_second),
                   median_ratio(runs, first, &ReadRun::rows_per_second),
                   median_of(runs, &ReadRun::cpu), median_of(runs, &ReadRun::source_cpu));
        if (has_sender) fmt::print("{:>10.2f}", median_of(runs, &ReadRun::sender_cpu));
        fmt::print("{:>10.0f}\n", median_of(runs, &ReadRun::peak_mib));
    }
    std::fflush(stdout);
}

}  // namespace dts::bench
