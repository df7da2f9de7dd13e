#include "test/bench/catching_up.hpp"

#include <fmt/format.h>

#include <thread>

#include "test/bench/process_clock.hpp"
#include "test/bench/statistics.hpp"
#include "test/servers/native_replica.hpp"
#include "test/servers/worker_process.hpp"

namespace dts::bench {

namespace {

using Clock = std::chrono::steady_clock;

struct ApplyRun {
    double seconds = 0;
    double until_streaming = 0;  ///< of those, before the first change was asked for
    double rows_per_second = 0;
    double worker_cpu = 0;
    double target_cpu = 0;
    double source_cpu = 0;
    double peak_mib = 0;
};

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

void took(ApplyRun& run, const Backlog& backlog, Clock::time_point start) {
    run.seconds = seconds_since(start);
    run.rows_per_second = backlog.rows / run.seconds;
}

ApplyRun run_native(TestGround& ground, const Backlog& backlog) {
    const auto target = ground.make_target();
    test::NativeReplica replica(ground.source(), *target, backlog.from);
    const CpuMeter source_cpu(ground.source()), target_cpu(*target);
    ApplyRun run;
    const auto start = Clock::now();
    replica.start();
    replica.wait_for(backlog.end, std::chrono::minutes(30));
    took(run, backlog, start);
    run.source_cpu = source_cpu.seconds();
    run.target_cpu = target_cpu.seconds();
    ground.require_equal(backlog, *target);
    return run;
}

/// The worker's record in the target, or nothing yet.
std::string checkpoint_in(MysqlConnection& target) {
    try {
        return target.scalar("SELECT position_data FROM dts_metadata.task_position").value_or("");
    } catch (const Error&) {
        return {};  // the worker has not made the table yet
    }
}

bool has_reached(const std::string& checkpoint, const test::BinlogEnd& end) {
    if (checkpoint.empty()) return false;
    const std::string file = test::json_field(checkpoint, "binlog_filename");
    if (file != end.file) return file > end.file;
    return std::stoull(test::json_field(checkpoint, "next_event_position")) >= end.position;
}

ApplyRun run_worker(TestGround& ground, const Backlog& backlog) {
    const auto target = ground.make_target();
    const test::TempFolder folder("apply");
    auto watcher = target->connect();
    const CpuMeter source_cpu(ground.source()), target_cpu(*target);
    ApplyRun run;
    const auto start = Clock::now();
    test::WorkerProcess worker(ground.task(backlog.from, target.get()), folder.path());
    worker.wait_for_line("MysqlCdcExtractor starts");
    run.until_streaming = seconds_since(start);
    while (!has_reached(checkpoint_in(watcher), backlog.end)) {
        if (!worker.is_running()) worker.wait_for_line("(the worker has ended)");
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    took(run, backlog, start);
    run.worker_cpu = cpu_seconds(worker.pid());
    run.peak_mib = peak_memory_mib(worker.pid());
    run.source_cpu = source_cpu.seconds();
    run.target_cpu = target_cpu.seconds();
    worker.stop();
    ground.require_equal(backlog, *target);
    return run;
}

void print(std::string_view name, const std::vector<ApplyRun>& runs,
           const std::vector<ApplyRun>& native) {
    fmt::print("  {:<28}{:>9.2f}{:>12.0f}{:>11.2f}{:>10.2f}{:>10.2f}{:>10.2f}{:>10.0f}\n", name,
               median_of(runs, &ApplyRun::seconds), median_of(runs, &ApplyRun::rows_per_second),
               median_ratio(runs, native, &ApplyRun::rows_per_second),
               median_of(runs, &ApplyRun::worker_cpu), median_of(runs, &ApplyRun::target_cpu),
               median_of(runs, &ApplyRun::source_cpu), median_of(runs, &ApplyRun::peak_mib));
}

}  // namespace

void measure_catching_up(TestGround& ground, const Backlog& backlog) {
    std::vector<ApplyRun> native, worker;
    for (unsigned round = 0; round < ground.options().rounds; ++round) {
        // Whoever comes second finds the machine warmer: they take turns.
        if (round % 2 == 0) native.push_back(run_native(ground, backlog));
        worker.push_back(run_worker(ground, backlog));
        if (round % 2 == 1) native.push_back(run_native(ground, backlog));
    }
    fmt::print("\ncatching up {}: {}\n", backlog.name, backlog.description);
    fmt::print("  {:<28}{:>9}{:>12}{:>11}{:>10}{:>10}{:>10}{:>10}\n", "", "seconds", "rows/s",
               "to native", "worker", "target", "source", "peak MiB");
    print("native replica", native, native);
    print("dts", worker, native);
    fmt::print("  each round, dts to native:");
    for (std::size_t i = 0; i < worker.size(); ++i) {
        fmt::print(" {:.2f}", worker[i].rows_per_second / native[i].rows_per_second);
    }
    fmt::print("; dts started within {:.2f} s; worker, target, source: CPU seconds\n",
               median_of(worker, &ApplyRun::until_streaming));
    std::fflush(stdout);
}

}  // namespace dts::bench
