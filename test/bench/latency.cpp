#include "test/bench/latency.hpp"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <random>
#include <stdexcept>
#include <thread>

#include "test/bench/statistics.hpp"
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
    Prober(const test::SqlServer& source, const test::SqlServer& target)
        : source_(source.session()), target_(target.session()) {}

    /// Milliseconds.
    double probe() {
        source_->execute(fmt::format("INSERT INTO {} VALUES ({}, 1, 'one small transaction')",
                                     latency_table, ++last_id_));
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
            source_->scalar(fmt::format("SELECT MAX(id) FROM {}", latency_table)).value_or("0"));
        for (int i = 0; i < 20; ++i) probe();
    }

    bool is_visible(std::uint64_t id) {
        return target_->scalar(fmt::format("SELECT 1 FROM {} WHERE id={}", latency_table, id))
            .has_value();
    }

  private:
    std::unique_ptr<test::SqlSession> source_;
    std::unique_ptr<test::SqlSession> target_;
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

void measure_latency(const LatencyGround& ground, unsigned all_transactions) {
    const test::TempFolder folder("latency");
    Prober native(ground.source, ground.native_target), dts(ground.source, ground.worker_target);
    std::vector<double> native_latencies, worker_latencies, polls;

    const unsigned transactions = all_transactions / blocks;
    for (unsigned block = 0; block < blocks; ++block) {
        ground.start_native();
        probe_block(native, transactions, native_latencies);
        ground.stop_native();

        test::WorkerProcess worker(ground.task, folder.path());
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
    print(ground.native_name, native_latencies);
    print("dts", worker_latencies);
    print("(one look at the target)", polls);
    fmt::print("  dts to native: p50 {:.2f}, p99 {:.2f}\n",
               quantile(worker_latencies, 0.5) / quantile(native_latencies, 0.5),
               quantile(worker_latencies, 0.99) / quantile(native_latencies, 0.99));
    std::fflush(stdout);
}

}  // namespace dts::bench
