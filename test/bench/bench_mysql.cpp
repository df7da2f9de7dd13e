// dts from MariaDB to MariaDB, measured beside what the servers themselves can do. The README here
// says what each figure means; test/bench/mysql builds and runs it.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "test/bench/catching_up.hpp"
#include "test/bench/latency.hpp"
#include "test/bench/reading.hpp"
#include "test/servers/native_replica.hpp"

using namespace dts;
using namespace dts::bench;

namespace {

void print_heading(TestGround& ground) {
    print_machine();
    fmt::print("servers   MariaDB {}; {}\n", ground.source().scalar("SELECT VERSION()"),
               TestGround::server_settings(ground.options()));
    fmt::print("native    slave_parallel_threads=0, by file and position\n");
    fmt::print(
        "dts       {}; [parallelizer] parallel_type=rdb_merge, parallel_size=1; [pipeline] "
        "exactly_once=true, checkpoint_interval_secs=1{}{}\n",
        DTS_VERSION, ground.options().settings.empty() ? "" : "; ",
        fmt::join(ground.options().settings, ", "));
    print_rounds(ground.options());
}

void measure_mysql_latency(TestGround& ground) {
    const auto from = ground.source().binlog_end();
    const auto native_target = ground.make_target();
    const auto worker_target = ground.make_target();
    test::NativeReplica replica(ground.source(), *native_target, from);
    measure_latency(
        {ground.source(), *native_target, *worker_target, ground.task(from, worker_target.get()),
         "native replica", [&] { replica.start(); }, [&] { replica.stop(); }},
        ground.options().latency_transactions);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("measures dts from MariaDB to MariaDB, beside the servers' own replication");
    Options options;
    bool small = false;
    Choice choice{{"a", "b", "c"}, {"updates", "inserts"}};
    add_options(app, options, choice, small);
    app.add_flag("--target-binlog", options.target_binlog,
                 "the targets write a binlog too, of all that they apply");
    CLI11_PARSE(app, argc, argv);
    if (small) make_small(options);

    try {
        TestGround ground(options);
        print_heading(ground);
        const auto measure = [&](const Backlog& backlog) {
            if (choice.wants("a")) measure_reading(ground, backlog);
            if (choice.wants("b")) measure_catching_up(ground, backlog);
        };
        if (choice.wants("a") || choice.wants("b")) {
            if (choice.wants("updates")) measure(ground.make_updates());
            if (choice.wants("inserts")) measure(ground.make_inserts());
        }
        if (choice.wants("c")) measure_mysql_latency(ground);
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 70;
    }
}
