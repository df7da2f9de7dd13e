// dts from Postgres to Postgres, measured beside pg_recvlogical and a native subscription. The
// README here says what each figure means; test/bench/postgres builds and runs it.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "test/bench/apply_runs.hpp"
#include "test/bench/latency.hpp"
#include "test/bench/postgres_ground.hpp"
#include "test/bench/process_clock.hpp"
#include "test/bench/read_runs.hpp"
#include "test/servers/native_subscription.hpp"

using namespace dts;
using namespace dts::bench;
using Clock = std::chrono::steady_clock;

namespace {

/// To nowhere, until it has seen all of the backlog but its mark.
ReadRun run_recvlogical(PostgresGround& ground, const WalBacklog& backlog) {
    const RunSlot slot(ground.source(), backlog.slot);
    test::Command command;
    command.args = {"/usr/lib/postgresql/15/bin/pg_recvlogical",
                    "--host=127.0.0.1",
                    fmt::format("--port={}", ground.source().port()),
                    fmt::format("--username={}", test::PostgresServer::username),
                    fmt::format("--dbname={}", test::PostgresServer::database),
                    fmt::format("--slot={}", RunSlot::name),
                    "--start",
                    "--no-loop",
                    "--file=/dev/null",
                    "--option=proto_version=1",
                    fmt::format("--option=publication_names={}", PostgresGround::publication),
                    "--endpos=" + backlog.end};
    command.environment = {{"PGPASSWORD", std::string(test::PostgresServer::password)}};
    const CpuMeter source_cpu(ground.source());
    const auto start = Clock::now();
    test::ChildProcess process(command);
    CpuWatch sender(ground.walsender());
    const auto ended = process.wait(std::chrono::minutes(10));
    ReadRun run;
    run.rows_per_second =
        backlog.rows / std::chrono::duration<double>(Clock::now() - start).count();
    if (!ended || ended->code != 0) throw std::runtime_error("pg_recvlogical failed");
    run.sender_cpu = sender.seconds();
    run.cpu = std::chrono::duration<double>(ended->cpu_time).count();
    run.source_cpu = source_cpu.seconds();
    run.peak_mib = static_cast<double>(ended->peak_rss_kib) / 1024;
    return run;
}

ReadRun run_reading_worker(PostgresGround& ground, const WalBacklog& backlog) {
    const RunSlot slot(ground.source(), backlog.slot);
    std::optional<CpuWatch> sender;
    auto run = time_reading_worker(ground.task(nullptr), process_of(ground.source()), backlog.rows,
                                   "PgCdcExtractor starts", [&](test::WorkerProcess& worker) {
                                       sender.emplace(ground.walsender());
                                       worker.wait_for_checkpoint(backlog.behind,
                                                                  std::chrono::minutes(10));
                                   });
    run.sender_cpu = sender->seconds();
    return run;
}

void measure_reading(PostgresGround& ground, const WalBacklog& backlog) {
    std::vector<ReadRun> plain, worker;
    for (unsigned round = 0; round < ground.options().rounds; ++round) {
        plain.push_back(run_recvlogical(ground, backlog));
        worker.push_back(run_reading_worker(ground, backlog));
    }
    print_read_runs(fmt::format("reading {}: {}", backlog.name, backlog.description),
                    {{"pg_recvlogical to nothing", plain}, {"worker, sink_type=dummy", worker}});
}

/// What both have in common: the time until the target shows the backlog, and who worked for it.
template <typename Start>
ApplyRun run_apply(PostgresGround& ground, const WalBacklog& backlog, Start begin) {
    const auto target = ground.make_target();
    const RunSlot slot(ground.source(), backlog.slot);
    const CpuMeter source_cpu(ground.source()), target_cpu(*target);
    ApplyRun run;
    const auto start = Clock::now();
    const auto applier = begin(*target, run, start);
    CpuWatch sender(ground.walsender());
    PostgresGround::wait_for_mark(*target, backlog, [&] { applier->require_running(); });
    took(run, backlog.rows, start);
    run.sender_cpu = sender.seconds();
    run.of_sender = run.seconds / run.sender_cpu;
    run.source_cpu = source_cpu.seconds();
    run.target_cpu = target_cpu.seconds();
    applier->finish(run);
    ground.require_equal(*target);
    return run;
}

struct NativeApplier {
    test::NativeSubscription subscription;

    void require_running() {}  // it starts itself again and again
    void finish(ApplyRun&) { subscription.stop(); }
};

ApplyRun run_native(PostgresGround& ground, const WalBacklog& backlog) {
    return run_apply(ground, backlog, [&](test::PostgresServer& target, ApplyRun&, auto) {
        auto native = std::unique_ptr<NativeApplier>(new NativeApplier{
            {ground.source(), target, PostgresGround::publication, RunSlot::name}});
        native->subscription.start();
        return native;
    });
}

struct WorkerApplier {
    test::TempFolder folder{"apply"};
    std::unique_ptr<test::WorkerProcess> worker;

    void require_running() {
        if (!worker->is_running()) worker->wait_for_line("(the worker has ended)");
    }
    void finish(ApplyRun& run) {
        run.worker_cpu = cpu_seconds(worker->pid());
        run.peak_mib = peak_memory_mib(worker->pid());
        worker->stop();
    }
};

ApplyRun run_worker(PostgresGround& ground, const WalBacklog& backlog) {
    return run_apply(
        ground, backlog, [&](test::PostgresServer& target, ApplyRun& run, Clock::time_point start) {
            auto dts = std::make_unique<WorkerApplier>();
            dts->worker =
                std::make_unique<test::WorkerProcess>(ground.task(&target), dts->folder.path());
            dts->worker->wait_for_line("PgCdcExtractor starts");
            run.until_streaming = std::chrono::duration<double>(Clock::now() - start).count();
            return dts;
        });
}

void measure_catching_up(PostgresGround& ground, const WalBacklog& backlog) {
    const ApplyRuns runs = apply_by_turns(
        ground.options().rounds, [&] { return run_native(ground, backlog); },
        [&] { return run_worker(ground, backlog); });
    print_apply_runs(fmt::format("catching up {}: {}", backlog.name, backlog.description),
                     "native subscription", runs);
}

void measure_postgres_latency(PostgresGround& ground) {
    const auto native_target = ground.make_target();
    const auto worker_target = ground.make_target();
    // Both slots before the first row.
    for (const auto& slot : {std::string("native"), std::string(RunSlot::name)}) {
        ground.source().run(
            fmt::format("SELECT pg_create_logical_replication_slot('{}', 'pgoutput')", slot));
    }
    {
        test::NativeSubscription native(ground.source(), *native_target,
                                        PostgresGround::publication, "native");
        measure_latency(
            {ground.source(), *native_target, *worker_target, ground.task(worker_target.get()),
             "native subscription", [&] { native.start(); }, [&] { native.stop(); }},
            ground.options().latency_transactions);
    }
}

void print_heading(PostgresGround& ground) {
    print_machine();
    fmt::print("servers   Postgres {}; {}\n", ground.source().scalar("SHOW server_version"),
               PostgresGround::server_settings());
    fmt::print("native    CREATE SUBSCRIPTION WITH (copy_data=false); proto_version 1 all\n");
    fmt::print(
        "dts       {}; [parallelizer] parallel_type=rdb_merge, parallel_size=1; [pipeline] "
        "exactly_once=true, checkpoint_interval_secs=1{}{}\n",
        DTS_VERSION, ground.options().settings.empty() ? "" : "; ",
        fmt::join(ground.options().settings, ", "));
    print_rounds(ground.options());
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("measures dts from Postgres to Postgres, beside the server's own replication");
    Options options;
    bool small = false;
    Choice choice{{"a", "b", "c"}, {"one", "ten", "thousand", "million"}};
    const auto backlogs = choice.backlogs;
    add_options(app, options, choice, small);
    CLI11_PARSE(app, argc, argv);
    if (small) make_small(options);

    try {
        PostgresGround ground(options);
        print_heading(ground);
        for (const auto& name : backlogs) {
            if (!choice.wants(name) || !(choice.wants("a") || choice.wants("b"))) continue;
            const auto backlog = ground.make_backlog(name);
            if (choice.wants("a")) measure_reading(ground, backlog);
            if (choice.wants("b")) measure_catching_up(ground, backlog);
            ground.drop(backlog);
        }
        if (choice.wants("c")) measure_postgres_latency(ground);
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 70;
    }
}
