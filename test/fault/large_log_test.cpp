// A position.log of many gigabytes (of a task that ran for years) costs nothing at start.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <fstream>
#include <iostream>

#include "test/fault/await.hpp"
#include "test/fault/chance.hpp"
#include "test/fault/load_task.hpp"

using namespace dts;
using namespace dts::test;

namespace {

/// The requirement, from the start of the process to the first change in the target.
constexpr std::chrono::seconds most_time_to_first_change{2};
constexpr std::uint64_t most_bytes_read = 8 << 20;

std::string record_pair(const std::string& file, std::uint64_t position) {
    const auto json = fmt::format(
        R"({{"type":"MysqlCdc","server_id":"","binlog_filename":"{}","next_event_position":{},)"
        R"("gtid_set":"","timestamp":"2024-10-10 08:00:58.000"}})",
        file, position);
    return fmt::format(
        "2024-10-10 08:01:09.102383 | current_position | {0}\n"
        "2024-10-10 08:01:09.102383 | checkpoint_position | {0}\n",
        json);
}

/// A log as another tool left it, without checksums: old records, and at its end the right one.
void write_large_log(const std::filesystem::path& file, std::uint64_t bytes, const BinlogEnd& end) {
    std::string block;
    for (std::uint64_t position = 4; block.size() < 4 << 20; ++position) {
        block += record_pair("mysql-bin.000000", position);
    }
    std::ofstream out(file, std::ios::binary);
    for (std::uint64_t written = 0; written < bytes; written += block.size()) out << block;
    out << record_pair(end.file, end.position);
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
Start start_with_change(LoadTask& task, int id) {
    task.source->run(fmt::format("INSERT INTO fault_load.by_id (id) VALUES ({})", id));
    const auto begin = std::chrono::steady_clock::now();
    WorkerProcess worker(task.ini, task.folder.path());
    wait_for_sql(*task.target,
                 fmt::format("SELECT COUNT(*) FROM fault_load.by_id WHERE id = {}", id), &worker);
    Start start{std::chrono::steady_clock::now() - begin, bytes_read(worker.pid())};
    CHECK(worker.stop().status.text() == "exit code 0");
    return start;
}

}  // namespace

TEST_CASE("large position.log: the first change is applied as soon as with a small one") {
    auto task = LoadTask::mariadb();
    std::filesystem::create_directories(task.log_folder());
    const auto log = task.log_folder() / "position.log";
    const std::uint64_t bytes = by_form(std::uint64_t{128} << 20, std::uint64_t{1} << 30);
    write_large_log(log, bytes, task.source->binlog_end());

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
    worker.wait_for_checkpoint(task.source->binlog_end());
    worker.stop();
    CHECK(task.source->scalar("SELECT COUNT(*) FROM fault_load.by_id") ==
          task.target->scalar("SELECT COUNT(*) FROM fault_load.by_id"));
}
