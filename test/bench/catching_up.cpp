#include "test/bench/catching_up.hpp"

#include <fmt/format.h>

#include <thread>

#include "test/bench/apply_runs.hpp"
#include "test/bench/process_clock.hpp"
#include "test/servers/native_replica.hpp"
#include "test/servers/worker_process.hpp"

namespace dts::bench {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

ApplyRun run_native(TestGround& ground, const Backlog& backlog) {
    const auto target = ground.make_target();
    test::NativeReplica replica(ground.source(), *target, backlog.from);
    const CpuMeter source_cpu(ground.source()), target_cpu(*target);
    ApplyRun run;
    const auto start = Clock::now();
    replica.start();
    replica.wait_for(backlog.end, std::chrono::minutes(30));
    took(run, backlog.rows, start);
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
    took(run, backlog.rows, start);
    run.worker_cpu = cpu_seconds(worker.pid());
    run.peak_mib = peak_memory_mib(worker.pid());
    run.source_cpu = source_cpu.seconds();
    run.target_cpu = target_cpu.seconds();
    worker.stop();
    ground.require_equal(backlog, *target);
    return run;
}

}  // namespace

void measure_catching_up(TestGround& ground, const Backlog& backlog) {
    const ApplyRuns runs = apply_by_turns(
        ground.options().rounds, [&] { return run_native(ground, backlog); },
        [&] { return run_worker(ground, backlog); });
    print_apply_runs(fmt::format("catching up {}: {}", backlog.name, backlog.description),
                     "native replica", runs);
}

}  // namespace dts::bench
