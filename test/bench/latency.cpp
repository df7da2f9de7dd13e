#include "test/bench/latency.hpp"

#include <fmt/format.h>

#include <random>
#include <thread>

#include "test/bench/statistics.hpp"
#include "test/servers/native_replica.hpp"
#include "test/servers/worker_process.hpp"

namespace dts::bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr unsigned blocks = 4;

double milliseconds_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// The one client of both servers: commits at the source, then asks the target, again and again
/// without a pause, for the row.
class Prober {
  public:
    Prober(const test::DatabaseServer& source, const test::DatabaseServer& target)
        : source_(source.connect()), target_(target.connect()) {}

    /// Milliseconds.
    double probe() {
        source_.execute(fmt::format("INSERT INTO {} VALUES ({}, 1, 'one small transaction')",
                                    TestGround::latency_table, ++last_id_));
        const auto committed = Clock::now();
        while (!is_visible(last_id_)) {
            if (milliseconds_since(committed) > 60'000)
                throw std::runtime_error("a transaction did not arrive within a minute");
        }
        return milliseconds_since(committed);
    }

    /// Goes on behind the rows that are there, and waits until the target has them all.
    void catch_up() {
        last_id_ = std::stoull(
            source_.scalar(fmt::format("SELECT MAX(id) FROM {}", TestGround::latency_table))
                .value_or("0"));
        for (int i = 0; i < 20; ++i) probe();
    }

    bool is_visible(std::uint64_t id) {
        return target_
            .scalar(fmt::format("SELECT 1 FROM {} WHERE id={}", TestGround::latency_table, id))
            .has_value();
    }

  private:
    MysqlConnection source_;
    MysqlConnection target_;
    std::uint64_t last_id_ = 0;
};

void probe_block(Prober& prober, unsigned transactions, std::vector<double>& latencies) {
    static std::mt19937 random{42};
    std::uniform_int_distribution<int> gap_us(0, 5000);
    prober.catch_up();
    for (unsigned i = 0; i < transactions; ++i) {
        std::this_thread::sleep_for(std::chrono::microseconds(gap_us(random)));
        latencies.push_back(prober.probe());
    }
}

void print(std::string_view name, const std::vector<double>& latencies) {
    fmt::print("  {:<28}{:>10.3f}{:>10.3f}{:>10.3f}{:>10.3f}\n", name, quantile(latencies, 0.5),
               quantile(latencies, 0.9), quantile(latencies, 0.99), quantile(latencies, 1));
}

}  // namespace

void measure_latency(TestGround& ground) {
    const auto from = ground.source().binlog_end();
    const auto native_target = ground.make_target();
    const auto worker_target = ground.make_target();
    test::NativeReplica replica(ground.source(), *native_target, from);
    const test::TempFolder folder("latency");
    const auto ini = ground.task(from, worker_target.get());
    Prober native(ground.source(), *native_target), dts(ground.source(), *worker_target);
    std::vector<double> native_latencies, worker_latencies, polls;

    const unsigned transactions = ground.options().latency_transactions / blocks;
    for (unsigned block = 0; block < blocks; ++block) {
        replica.start();
        probe_block(native, transactions, native_latencies);
        replica.stop();

        test::WorkerProcess worker(ini, folder.path());
        probe_block(dts, transactions, worker_latencies);
        worker.stop();
    }
    for (unsigned i = 0; i < 1000; ++i) {
        const auto start = Clock::now();
        dts.is_visible(0);
        polls.push_back(milliseconds_since(start));
    }
    fmt::print("\nlatency of {} single transactions each, in {} blocks by turns; milliseconds\n",
               transactions * blocks, blocks);
    fmt::print("  {:<28}{:>10}{:>10}{:>10}{:>10}\n", "", "p50", "p90", "p99", "max");
    print("native replica", native_latencies);
    print("dts", worker_latencies);
    print("(one look at the target)", polls);
    fmt::print("  dts to native: p50 {:.2f}, p99 {:.2f}\n",
               quantile(worker_latencies, 0.5) / quantile(native_latencies, 0.5),
               quantile(worker_latencies, 0.99) / quantile(native_latencies, 0.99));
    std::fflush(stdout);
}

}  // namespace dts::bench
