#include "lib/control/worker_status.hpp"

#include <catch2/catch.hpp>

#include <limits>

#include "lib/base/error.hpp"

using namespace dts;

namespace {

/// Every field is another than its default, and than every other.
WorkerStatus full_status() {
    WorkerStatus s;
    s.name = "task1";
    s.task_id = "task1@a->b";
    s.version = "0.1.0";
    s.pid = 4711;
    s.state = TaskState::retrying;
    s.reason = "a \"quoted\"\nreason, gr\xC3\xBC\xC3\x9F";
    s.since_us = 1'700'000'000'000'001;
    s.started_us = 1'700'000'000'000'002;
    s.source = "mysql 127.0.0.1:3306";
    s.target = "mysql [::1]:3307";
    s.checkpoint = R"({"type":"MysqlCdc","binlog_filename":"b.000001"})";
    s.current = R"({"type":"MysqlCdc","binlog_filename":"b.000002"})";
    s.recorded_us = 1'700'000'000'000'003;
    s.lag_seconds = 0.125;
    s.extracted_changes = std::numeric_limits<std::uint64_t>::max();
    s.extracted_bytes = 2;
    s.applied_changes = 3;
    s.applied_bytes = 4;
    s.extracted_per_second = 1234.5;
    s.applied_per_second = 0.1;
    s.queue_bytes = 5;
    for (std::size_t i = 0; i < s.apply_latency.counts.size(); ++i) s.apply_latency.counts[i] = i;
    s.apply_latency.sum_us = 6;
    s.retries = 7;
    s.last_error = "lost";
    s.last_error_us = 1'700'000'000'000'004;
    return s;
}

void check_equal(const WorkerStatus& a, const WorkerStatus& b) {
    CHECK(a.name == b.name);
    CHECK(a.task_id == b.task_id);
    CHECK(a.version == b.version);
    CHECK(a.pid == b.pid);
    CHECK(a.state == b.state);
    CHECK(a.reason == b.reason);
    CHECK(a.since_us == b.since_us);
    CHECK(a.started_us == b.started_us);
    CHECK(a.source == b.source);
    CHECK(a.target == b.target);
    CHECK(a.checkpoint == b.checkpoint);
    CHECK(a.current == b.current);
    CHECK(a.recorded_us == b.recorded_us);
    CHECK(a.lag_seconds == b.lag_seconds);
    CHECK(a.extracted_changes == b.extracted_changes);
    CHECK(a.extracted_bytes == b.extracted_bytes);
    CHECK(a.applied_changes == b.applied_changes);
    CHECK(a.applied_bytes == b.applied_bytes);
    CHECK(a.extracted_per_second == b.extracted_per_second);
    CHECK(a.applied_per_second == b.applied_per_second);
    CHECK(a.queue_bytes == b.queue_bytes);
    CHECK(a.apply_latency.counts == b.apply_latency.counts);
    CHECK(a.apply_latency.sum_us == b.apply_latency.sum_us);
    CHECK(a.retries == b.retries);
    CHECK(a.last_error == b.last_error);
    CHECK(a.last_error_us == b.last_error_us);
}

}  // namespace

TEST_CASE("worker status: every field comes back from its JSON") {
    const WorkerStatus status = full_status();
    const std::string json = to_json(status);
    CHECK(json.find('\n') == std::string::npos);
    check_equal(worker_status_of(json), status);
    check_equal(worker_status_of(to_json(WorkerStatus{})), WorkerStatus{});
}

TEST_CASE("worker status: every state has a name of its own") {
    using enum TaskState;
    for (const TaskState state :
         {starting, streaming, caught_up, retrying, stopped, failed, gap, finished}) {
        CHECK(task_state_of(name_of(state)) == state);
    }
    CHECK(name_of(caught_up) == "caught up");
    CHECK(name_of(gap) == "gap");
    CHECK_FALSE(task_state_of("asleep"));
}

TEST_CASE("worker status: keys of another version are passed over, missing ones are defaults") {
    const auto status = worker_status_of(
        R"({"name":"t","new":{"deep":[1,{"x":null}]},"pid":"text","state":"asleep","queue_bytes":-1,
            "apply_latency":{"bounds_ms":[1,2],"counts":[8,9],"sum_us":3}})");
    WorkerStatus expected;
    expected.name = "t";
    check_equal(status, expected);
}

TEST_CASE("worker status: text that is no UTF-8, and numbers that are none, leave it JSON") {
    WorkerStatus status = full_status();
    status.reason = "caf\xE9 \xF0\x28";
    status.lag_seconds = std::numeric_limits<double>::quiet_NaN();
    status.applied_per_second = std::numeric_limits<double>::infinity();
    const auto read = worker_status_of(to_json(status));
    CHECK(read.reason == "caf\xEF\xBF\xBD \xEF\xBF\xBD(");
    CHECK(read.lag_seconds == -1);
    CHECK(read.applied_per_second == -1);
    CHECK(read.target == status.target);
}

TEST_CASE("worker status: what is no object is refused") {
    for (const std::string& text :
         {std::string(), std::string("[]"), std::string("nonsense"), std::string("{\"name\":"),
          std::string("{} {}"), std::string("\"\xFF\""), std::string(100'000, '[')}) {
        CAPTURE(text.substr(0, 20));
        CHECK_THROWS_AS(worker_status_of(text), Error);
    }
}

TEST_CASE("worker status: the counts of latencies add up") {
    LatencyCounts latency;
    CHECK(latency.total() == 0);
    latency.counts.front() = 2;
    latency.counts.back() = 3;
    CHECK(latency.total() == 5);
}
