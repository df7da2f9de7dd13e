// dts from MongoDB to MongoDB, both ways to follow it, measured between stand-ins. The README here
// says what each figure means, and what none of them says; test/bench/mongo builds and runs it.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "test/bench/apply_runs.hpp"
#include "test/bench/mongo_ground.hpp"
#include "test/bench/process_clock.hpp"
#include "test/bench/read_runs.hpp"

using namespace dts;
using namespace dts::bench;
using Clock = std::chrono::steady_clock;

namespace {

constexpr const char* streams[] = {"change_stream", "op_log"};
constexpr const char* start_line = "MongoCdcExtractor starts";

void measure_reading(MongoGround& ground, const std::string& backlog, unsigned rounds) {
    std::vector<std::pair<std::string, std::vector<ReadRun>>> all;
    for (const char* stream : streams) all.push_back({stream, {}});
    for (unsigned round = 0; round < rounds; ++round) {
        for (auto& [stream, runs] : all)
            runs.push_back(time_reading_worker(
                ground.task(stream, nullptr), ground.server().pid(), ground.changes(), start_line,
                [&](test::WorkerProcess& worker) { ground.wait_for_record(worker); }));
    }
    print_read_runs(fmt::format("reading {}: {}; sink_type=dummy", backlog, ground.description()),
                    all);
}

ApplyRun run_apply(MongoGround& ground, const std::string& stream) {
    const auto target = ground.make_target();
    const test::TempFolder folder("apply");
    const CpuMeter source_cpu(ground.server().pid()), target_cpu(target->server.pid());
    ApplyRun run;
    const auto start = Clock::now();
    test::WorkerProcess worker(ground.task(stream, target.get()), folder.path());
    worker.wait_for_line(start_line);
    run.until_streaming = std::chrono::duration<double>(Clock::now() - start).count();
    ground.wait_for_mark(*target, worker);
    took(run, ground.changes(), start);
    run.worker_cpu = cpu_seconds(worker.pid());
    run.peak_mib = peak_memory_mib(worker.pid());
    run.source_cpu = source_cpu.seconds();
    run.target_cpu = target_cpu.seconds();
    worker.stop();
    ground.require_equal(*target);
    return run;
}

void measure_catching_up(MongoGround& ground, const std::string& backlog, unsigned rounds) {
    std::vector<std::pair<std::string, std::vector<ApplyRun>>> all;
    for (const char* stream : streams) all.push_back({stream, {}});
    for (unsigned round = 0; round < rounds; ++round) {
        for (auto& [stream, runs] : all) runs.push_back(run_apply(ground, stream));
    }
    print_apply_table(fmt::format("catching up {}: {}", backlog, ground.description()), "to first",
                      all);
}

void print_heading(const Options& options) {
    print_machine();
    fmt::print("servers   stand-ins for MongoDB (test/servers/mongo), no mongod\n");
    fmt::print(
        "dts       {}; [parallelizer] parallel_type=mongo; [pipeline] exactly_once=true, "
        "checkpoint_interval_secs=1{}{}\n",
        DTS_VERSION, options.settings.empty() ? "" : "; ", fmt::join(options.settings, ", "));
    print_rounds(options);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("measures dts from MongoDB to MongoDB, between stand-ins");
    Options options;
    // The stand-in keeps everything in memory, and is slow.
    options.update_transactions = 100'000;
    options.rows_per_table = 10'000;
    options.inserted_rows = 200'000;
    bool small = false;
    Choice choice{{"a", "b"}, {"updates", "inserts", "transactions"}};
    const auto backlogs = choice.backlogs;
    add_options(app, options, choice, small);
    CLI11_PARSE(app, argc, argv);
    if (small) make_small(options);

    try {
        print_heading(options);
        for (const auto& name : backlogs) {
            if (!choice.wants(name)) continue;
            MongoGround ground(options, name);
            if (choice.wants("a")) measure_reading(ground, name, options.rounds);
            if (choice.wants("b")) measure_catching_up(ground, name, options.rounds);
        }
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 70;
    }
}
