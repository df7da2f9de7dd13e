// A position.log of many gigabytes (of a task that ran for years) costs nothing at start.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <fstream>
#include <iostream>

#include "lib/position/postgres_position.hpp"
#include "test/fault/await.hpp"
#include "test/fault/chance.hpp"
#include "test/fault/load_task.hpp"
#include "test/fault/postgres_load_task.hpp"

using namespace dts;
using namespace dts::test;

namespace {

/// The requirement, from the start of the process to the first change in the target.
constexpr std::chrono::seconds most_time_to_first_change{2};
constexpr std::uint64_t most_bytes_read = 8 << 20;

std::string record_of(const BinlogEnd& end) {
    return fmt::format(
        R"({{"type":"MysqlCdc","server_id":"","binlog_filename":"{}","next_event_position":{},)"
        R"("gtid_set":"","timestamp":"2024-10-10 08:00:58.000"}})",
        end.file, end.position);
}

std::string record_of(const std::string& lsn) {
    return fmt::format(R"({{"type":"PgCdc","lsn":"{}","timestamp":"2024-10-10 08:12:31.421"}})",
                       lsn);
}

std::string old_record(const LoadTask&, std::uint64_t number) {
    return record_of(BinlogEnd{"mysql-bin.000000", number, ""});
}

std::string old_record(const PostgresLoadTask&, std::uint64_t number) {
    return record_of(lsn_text(number));
}

std::string record_pair(const std::string& json) {
    return fmt::format(
        "2024-10-10 08:01:09.102383 | current_position | {0}\n"
        "2024-10-10 08:01:09.102383 | checkpoint_position | {0}\n",
        json);
}

/// A log as another tool left it, without checksums: old records, and at its end the right one.
template <typename Task>
void write_large_log(Task& task, const std::filesystem::path& file, std::uint64_t bytes) {
    std::string block;
    for (std::uint64_t number = 4; block.size() < 4 << 20; ++number)
        block += record_pair(old_record(task, number));
    std::ofstream out(file, std::ios::binary);
    for (std::uint64_t written = 0; written < bytes; written += block.size()) out << block;
    out << record_pair(record_of(task.source_end()));
    if (!out.flush()) throw std::runtime_error("no room for " + file.string());
}

/// What a process has read from files so far.
std::uint64_t bytes_read(pid_t pid) {
    std::ifstream io(fmt::format("/proc/{}/io", pid));
    std::string name;
    std::uint64_t value = 0;
    while (io >> name >> value) {
        if (name == "rchar:") return value;
    }
    throw std::runtime_error("no rchar in /proc/PID/io");
}

struct Start {
    std::chrono::duration<double> to_first_change{};
    std::uint64_t bytes = 0;
};

/// Starts a worker that finds one new change to apply.
template <typename Task>
Start start_with_change(Task& task, int id) {
    task.source->run(fmt::format("INSERT INTO fault_load.by_id (id) VALUES ({})", id));
    const auto begin = std::chrono::steady_clock::now();
    WorkerProcess worker(task.ini, task.folder.path());
    wait_for_sql(*task.target,
                 fmt::format("SELECT COUNT(*) FROM fault_load.by_id WHERE id = {}", id), &worker);
    Start start{std::chrono::steady_clock::now() - begin, bytes_read(worker.pid())};
    CHECK(worker.stop().status.text() == "exit code 0");
    return start;
}

template <typename Task>
void starts_as_with_a_small_one(Task& task) {
    std::filesystem::create_directories(task.log_folder());
    const auto log = task.log_folder() / "position.log";
    const std::uint64_t bytes = by_form(std::uint64_t{128} << 20, std::uint64_t{1} << 30);
    write_large_log(task, log, bytes);

    // From another tool; then with our checksums beside it; then with a small log after it.
    const auto adopted = start_with_change(task, 1);
    const auto again = start_with_change(task, 2);
    CHECK(std::filesystem::exists(log.string() + ".1"));
    std::cout << fmt::format(
        "position.log of {} MiB: first change after {:.2f} s, {} KiB read; then {:.2f} s, {} KiB\n",
        bytes >> 20, adopted.to_first_change.count(), adopted.bytes >> 10,
        again.to_first_change.count(), again.bytes >> 10);
    CHECK(adopted.bytes < most_bytes_read);
    CHECK(again.bytes < most_bytes_read);
    if (is_long_form()) {
        CHECK(adopted.to_first_change < most_time_to_first_change);
        CHECK(again.to_first_change < most_time_to_first_change);
    }
    WorkerProcess worker(task.ini, task.folder.path());
    worker.wait_for_checkpoint(task.source_end());
    worker.stop();
    CHECK(task.source->scalar("SELECT COUNT(*) FROM fault_load.by_id") ==
          task.target->scalar("SELECT COUNT(*) FROM fault_load.by_id"));
}

}  // namespace

TEST_CASE("large position.log: the first change is applied as soon as with a small one") {
    auto task = LoadTask::mariadb();
    starts_as_with_a_small_one(task);
}

TEST_CASE("postgres: large position.log: the first change is applied as with a small one") {
    PostgresLoadTask task;
    starts_as_with_a_small_one(task);
}
