#include "lib/task/status_board.hpp"

#include <catch2/catch.hpp>

#include "lib/position/mysql_position.hpp"

using namespace dts;

namespace {

struct Board {
    std::vector<std::pair<TaskState, std::string>> told;
    StatusBoard board{
        [this](TaskState state, const std::string& reason) { told.emplace_back(state, reason); }};

    WorkerStatus status() const {
        WorkerStatus status;
        board.fill(status);
        return status;
    }
};

PositionPtr at(std::uint64_t offset) {
    auto position = std::make_shared<MysqlPosition>();
    position->binlog_filename = "b.000001";
    position->next_event_position = offset;
    return position;
}

}  // namespace

TEST_CASE("status board: every change of state is told once, with its reason") {
    Board b;
    CHECK(b.status().state == TaskState::starting);
    CHECK(b.status().since_us > 0);
    b.board.enter(TaskState::streaming);
    b.board.enter(TaskState::streaming);
    b.board.streams(true);
    b.board.streams(true);
    b.board.streams(false);
    b.board.retries("lost");
    b.board.retries("lost");
    b.board.enter(TaskState::streaming);
    b.board.ends(TaskState::gap, "purged");
    using enum TaskState;
    CHECK(b.told == std::vector<std::pair<TaskState, std::string>>{{streaming, ""},
                                                                   {caught_up, ""},
                                                                   {streaming, ""},
                                                                   {retrying, "lost"},
                                                                   {streaming, ""},
                                                                   {gap, "purged"}});
    CHECK(b.status().state == gap);
    CHECK(b.status().reason == "purged");
}

TEST_CASE("status board: only a task that streams can be caught up") {
    Board b;
    b.board.streams(true);
    CHECK(b.status().state == TaskState::starting);
    b.board.retries("lost");
    b.board.streams(true);
    CHECK(b.status().state == TaskState::retrying);
    b.board.enter(TaskState::stopped);
    b.board.streams(true);
    CHECK(b.status().state == TaskState::stopped);
}

TEST_CASE("status board: the last error stays when a retry helped, its reason does not") {
    Board b;
    b.board.retries("first");
    b.board.retries("second");
    b.board.enter(TaskState::streaming);
    const auto status = b.status();
    CHECK(status.reason.empty());
    CHECK(status.retries == 2);
    CHECK(status.last_error == "second");
    CHECK(status.last_error_us > 0);
}

TEST_CASE("status board: what is recorded is what it was told, and nothing before") {
    Board b;
    CHECK(b.status().checkpoint.empty());
    CHECK(b.status().current.empty());
    CHECK(b.status().recorded_us == 0);
    b.board.recorded(at(200), at(100));
    const auto status = b.status();
    CHECK(status.current == at(200)->to_json());
    CHECK(status.checkpoint == at(100)->to_json());
    CHECK(status.recorded_us > 0);
    CHECK(b.told.empty());
}
