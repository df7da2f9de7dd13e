#include "daemon/worker/status_line.hpp"

#include <catch2/catch.hpp>

using namespace dts;

TEST_CASE("status line: a running task shows position, lag and rate") {
    WorkerStatus status;
    status.state = TaskState::caught_up;
    status.checkpoint = R"({"type":"MysqlCdc","server_id":"","binlog_filename":"binlog.000004",)"
                        R"("next_event_position":73685,"gtid_set":"0-1-5","timestamp":""})";
    status.lag_seconds = 0.04;
    status.applied_per_second = 1234;
    CHECK(status_line(status) == "caught up, binlog.000004:73685, lag 0.0 s, 1.2k changes/s");
    CHECK(status_line(WorkerStatus{}) == "starting");
}

TEST_CASE("status line: a task in trouble shows why, in one line that systemd takes") {
    WorkerStatus status;
    status.state = TaskState::retrying;
    status.reason = "lost\nREADY=1\xFF";
    status.lag_seconds = 12.34;
    CHECK(status_line(status) == "retrying: lost READY=1\xEF\xBF\xBD, lag 12.3 s");
    status.reason = std::string(5000, 'x');
    CHECK(status_line(status).size() < 400);
}

TEST_CASE("status line: positions of every kind are short") {
    CHECK(short_position(R"({"type":"MysqlCdc","binlog_filename":"","next_event_position":0,)"
                         R"("gtid_set":"0-1-5"})") == "0-1-5");
    CHECK(short_position(R"({"type":"PgCdc","lsn":"0/406E2C30","timestamp":""})") == "0/406E2C30");
    CHECK(short_position(R"({"type":"MongoCdc","resume_token":"","operation_time":1728551829})") ==
          "1728551829");
    CHECK(short_position("").empty());
    CHECK(short_position("nonsense").empty());
    CHECK(short_position(R"({"type":"None"})").empty());
    CHECK(short_position(R"({"gtid_set":")" + std::string(4000, 'a') + "\"}").size() < 130);
}

TEST_CASE("status line: counts are short") {
    CHECK(short_count(0) == "0");
    CHECK(short_count(999) == "999");
    CHECK(short_count(999.6) == "1.0k");
    CHECK(short_count(1249) == "1.2k");
    CHECK(short_count(999'499) == "999.5k");
    CHECK(short_count(999'600) == "1.0M");
    CHECK(short_count(3.44e6) == "3.4M");
}
