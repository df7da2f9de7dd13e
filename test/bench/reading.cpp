#include "test/bench/reading.hpp"

#include <fmt/format.h>

#include "test/bench/process_clock.hpp"
#include "test/bench/read_runs.hpp"

namespace dts::bench {

namespace {

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

ReadRun run_worker(TestGround& ground, const Backlog& backlog) {
    return time_reading_worker(
        ground.task(backlog.from, nullptr), process_of(ground.source()), backlog.rows,
        "MysqlCdcExtractor starts", [&](test::WorkerProcess& worker) {
            worker.wait_for_checkpoint(backlog.end, std::chrono::minutes(10));
        });
}

}  // namespace

void measure_reading(TestGround& ground, const Backlog& backlog) {
    std::vector<ReadRun> raw, decoded, worker;
    for (unsigned round = 0; round < ground.options().rounds; ++round) {
        raw.push_back(run_binlog_read(ground, backlog, true));
        decoded.push_back(run_binlog_read(ground, backlog, false));
        worker.push_back(run_worker(ground, backlog));
    }
    print_read_runs(fmt::format("reading {}: {}", backlog.name, backlog.description),
                    {{"packets only (raw)", raw},
                     {"decoded to rows", decoded},
                     {"worker, sink_type=dummy", worker}});
}

}  // namespace dts::bench
