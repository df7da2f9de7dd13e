#include "lib/task/status_board.hpp"

#include <utility>

#include "lib/base/clock_text.hpp"

namespace dts {

StatusBoard::StatusBoard(OnTaskState on_change) : on_change_(std::move(on_change)) {
    facts_.since_us = now_us();
}

void StatusBoard::enter(TaskState state, const std::string& reason) {
    {
        const std::lock_guard lock(mutex_);
        if (facts_.state == state && facts_.reason == reason) return;
        if (facts_.state != state) facts_.since_us = now_us();
        facts_.state = state;
        facts_.reason = reason;
    }
    if (on_change_) on_change_(state, reason);
}

void StatusBoard::streams(bool has_all) {
    const TaskState state = has_all ? TaskState::caught_up : TaskState::streaming;
    {
        const std::lock_guard lock(mutex_);
        const bool is_streaming =
            facts_.state == TaskState::streaming || facts_.state == TaskState::caught_up;
        if (!is_streaming || facts_.state == state) return;
        facts_.state = state;
        facts_.since_us = now_us();
    }
    if (on_change_) on_change_(state, {});
}

void StatusBoard::retries(const std::string& error) {
    {
        const std::lock_guard lock(mutex_);
        ++facts_.retries;
        facts_.last_error = error;
        facts_.last_error_us = now_us();
    }
    enter(TaskState::retrying, error);
}

void StatusBoard::ends(TaskState state, const std::string& error) {
    {
        const std::lock_guard lock(mutex_);
        facts_.last_error = error;
        facts_.last_error_us = now_us();
    }
    enter(state, error);
}

void StatusBoard::recorded(PositionPtr current, PositionPtr checkpoint) {
    const std::lock_guard lock(mutex_);
    std::swap(facts_.current, current);  // the old ones are let go outside the lock
    std::swap(facts_.checkpoint, checkpoint);
    facts_.recorded_us = now_us();
}

TaskState StatusBoard::state() const {
    const std::lock_guard lock(mutex_);
    return facts_.state;
}

void StatusBoard::fill(WorkerStatus& status) const {
    const Facts facts = [this] {
        const std::lock_guard lock(mutex_);
        return facts_;
    }();
    status.state = facts.state;
    status.reason = facts.reason;
    status.since_us = facts.since_us;
    status.retries = facts.retries;
    status.last_error = facts.last_error;
    status.last_error_us = facts.last_error_us;
    status.checkpoint = facts.checkpoint ? facts.checkpoint->to_json() : "";
    status.current = facts.current ? facts.current->to_json() : "";
    status.recorded_us = facts.recorded_us;
}

}  // namespace dts
