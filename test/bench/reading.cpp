#include "test/bench/reading.hpp"

#include <fmt/format.h>

#include <thread>

#include "test/bench/process_clock.hpp"
#include "test/bench/statistics.hpp"
#include "test/servers/worker_process.hpp"

namespace dts::bench {

namespace {

using Clock = std::chrono::steady_clock;

struct ReadRun {
    double rows_per_second = 0;
    double cpu = 0;
    double source_cpu = 0;
    double peak_mib = 0;
};

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// binlog-read, beside this program. It times itself: from the request for the binlog on.
ReadRun run_binlog_read(TestGround& ground, const Backlog& backlog, bool raw) {
    const auto program =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "binlog-read";
    // Its own each time: the server needs a while to see that a reader has left.
    static unsigned server_id = 5001;
    const test::TempFolder folder("read");
    test::Command command;
    command.args = {program.string(),
                    fmt::format("--port={}", ground.source().port()),
                    fmt::format("--user={}", test::DatabaseServer::username),
                    fmt::format("--password={}", test::DatabaseServer::password),
                    fmt::format("--server-id={}", server_id++),
                    "--file=" + backlog.from.file,
                    fmt::format("--pos={}", backlog.from.position)};
    if (raw) command.args.push_back("--raw");
    command.stdout_file = command.stderr_file = folder / "output";
    const CpuMeter source(ground.source());
    test::ChildProcess process(command);
    const auto ended = process.wait(std::chrono::minutes(10));
    const std::string output = test::read_file(folder / "output");
    const auto at = output.find(" bytes in ");
    if (!ended || ended->code != 0 || at == std::string::npos)
        throw std::runtime_error("binlog-read failed:\n" + output);
    ReadRun run;
    run.rows_per_second = backlog.rows / std::stod(output.substr(at + 10));
    run.cpu = std::chrono::duration<double>(ended->cpu_time).count();
    run.source_cpu = source.seconds();
    run.peak_mib = static_cast<double>(ended->peak_rss_kib) / 1024;
    return run;
}

/// A worker without a target says once a second how far it is. When exactly it was through shows in
/// its CPU time: from then on it uses none.
ReadRun run_worker(TestGround& ground, const Backlog& backlog) {
    constexpr auto step = std::chrono::milliseconds(2);
    constexpr double of_idle_threads = 0.003;  // the clock of the checkpoint, the monitor's line
    struct Sample {
        double at, cpu;
    };

    const test::TempFolder folder("read");
    const CpuMeter source(ground.source());
    test::WorkerProcess worker(ground.task(backlog.from, nullptr), folder.path());
    worker.wait_for_line("MysqlCdcExtractor starts");
    const auto start = Clock::now();
    std::vector<Sample> samples;
    std::jthread sampler([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            samples.push_back({seconds_since(start), cpu_seconds(worker.pid())});
            std::this_thread::sleep_for(step);
        }
    });
    worker.wait_for_checkpoint(backlog.end, std::chrono::minutes(10));
    sampler.request_stop();
    sampler.join();

    ReadRun run;
    run.cpu = samples.back().cpu;
    const auto through = std::find_if(samples.begin(), samples.end(), [&](const Sample& sample) {
        return sample.cpu >= run.cpu - of_idle_threads;
    });
    run.rows_per_second = backlog.rows / through->at;
    run.source_cpu = source.seconds();
    run.peak_mib = peak_memory_mib(worker.pid());
    worker.stop();
    return run;
}

void print(std::string_view name, const std::vector<ReadRun>& runs,
           const std::vector<ReadRun>& raw) {
    fmt::print("  {:<28}{:>12.0f}{:>10.3f}{:>10.2f}{:>10.2f}{:>10.0f}\n", name,
               median_of(runs, &ReadRun::rows_per_second),
               median_ratio(runs, raw, &ReadRun::rows_per_second), median_of(runs, &ReadRun::cpu),
               median_of(runs, &ReadRun::source_cpu), median_of(runs, &ReadRun::peak_mib));
}

}  // namespace

void measure_reading(TestGround& ground, const Backlog& backlog) {
    std::vector<ReadRun> raw, decoded, worker;
    for (unsigned round = 0; round < ground.options().rounds; ++round) {
        raw.push_back(run_binlog_read(ground, backlog, true));
        decoded.push_back(run_binlog_read(ground, backlog, false));
        worker.push_back(run_worker(ground, backlog));
    }
    fmt::print("\nreading {}: {}\n", backlog.name, backlog.description);
    fmt::print("  {:<28}{:>12}{:>10}{:>10}{:>10}{:>10}\n", "", "rows/s", "to raw", "CPU s",
               "source", "peak MiB");
    print("packets only (raw)", raw, raw);
    print("decoded to rows", decoded, raw);
    print("worker, sink_type=dummy", worker, raw);
    std::fflush(stdout);
}

}  // namespace dts::bench
