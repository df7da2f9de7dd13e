#include "daemon/worker/service_notes.hpp"

#include <algorithm>

#include "daemon/service/notify.hpp"
#include "daemon/worker/status_line.hpp"

namespace dts {

namespace {

/// While a source cannot be reached each attempt may take its whole time-out.
constexpr std::chrono::seconds more_time_to_start{60};

bool is_due(const std::optional<ServiceNotes::Clock::time_point>& last,
            ServiceNotes::Clock::time_point now, std::chrono::microseconds interval) {
    return !last || now - *last >= interval;
}

}  // namespace

ServiceNotes::ServiceNotes() : watchdog_(watchdog_interval()) {}

std::chrono::microseconds ServiceNotes::tick_interval() const {
    constexpr std::chrono::microseconds least = std::chrono::milliseconds(1);
    constexpr std::chrono::microseconds most = std::chrono::milliseconds(500);
    return watchdog_ ? std::clamp(*watchdog_ / 4, least, most) : most;
}

void ServiceNotes::state(TaskState state) {
    if (state != TaskState::streaming && state != TaskState::caught_up) return;
    is_ready_ = true;
    has_said_ready_ = notify_ready();
}

void ServiceNotes::tick(bool is_alive, const std::function<WorkerStatus()>& status,
                        Clock::time_point now) {
    // Any look since the last ping that finds the task alive will do: how long it may stand still
    // is the service manager's to say.
    if (is_alive && watchdog_ && is_due(pinged_at_, now, *watchdog_ / 3) && notify_watchdog()) {
        pinged_at_ = now;
    }
    if (is_alive && !is_ready_ && is_due(extended_at_, now, more_time_to_start / 3) &&
        notify_extend_timeout(more_time_to_start)) {
        extended_at_ = now;
    }
    if (is_ready_ && !has_said_ready_) has_said_ready_ = notify_ready();
    if (is_due(told_at_, now, std::chrono::seconds(1))) tell(status(), now);
}

void ServiceNotes::tell(const WorkerStatus& status, Clock::time_point now) {
    told_at_ = now;
    std::string line = status_line(status);
    if (line == line_) return;
    if (notify_status(line)) line_ = std::move(line);
}

}  // namespace dts
