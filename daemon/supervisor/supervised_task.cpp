#include "daemon/supervisor/supervised_task.hpp"

#include <fmt/format.h>

#include <cstring>
#include <string_view>

#include "lib/base/clock_text.hpp"

namespace dts {

namespace {

using Active = UnitState::Active;

constexpr int gap_code = 66;

struct Standing {
    TaskState state = TaskState::stopped;
    std::string reason;
    std::int64_t since_us = 0;
};

std::string_view kind_of(DbType type) {
    switch (type) {
        case DbType::mysql:
            return "mysql";
        case DbType::pg:
            return "pg";
        case DbType::mongo:
            return "mongo";
    }
    return "";
}

/// The worker's words when it had some, else what its end means.
std::string why_it_ended(const SupervisedTask& task) {
    const UnitState& unit = task.view.unit;
    if (task.said && !task.said->reason.empty()) return task.said->reason;
    // The process backend keeps the worker's last line: "dts-worker: KIND error: WORDS".
    constexpr std::string_view own_words = "dts-worker: ", kind_end = " error: ";
    if (unit.detail.starts_with(own_words)) {
        const auto end = unit.detail.find(kind_end);
        return unit.detail.substr(end == std::string::npos ? own_words.size()
                                                           : end + kind_end.size());
    }
    std::string meaning;
    if (unit.signal) {
        meaning = fmt::format("ended by signal {} ({})", *unit.signal, ::strsignal(*unit.signal));
    } else if (unit.exit_code) {
        meaning = meaning_of_exit(*unit.exit_code);
    }
    if (unit.detail.empty() || unit.detail == "exit-code" || unit.detail == "signal") {
        return meaning;
    }
    return meaning.empty() ? unit.detail : fmt::format("{} ({})", meaning, unit.detail);
}

Standing standing_of_worker(const SupervisedTask& task, TaskState otherwise) {
    if (!task.said) return {otherwise, "", task.view.unit.since_us};
    return {task.said->state, task.said->reason, task.said->since_us};
}

Standing standing_of(const SupervisedTask& task) {
    const UnitState& unit = task.view.unit;
    switch (unit.active) {
        case Active::starting:
            return standing_of_worker(task, TaskState::starting);
        case Active::running:
            return standing_of_worker(task, TaskState::streaming);
        case Active::stopping: {
            Standing stands = standing_of_worker(task, TaskState::stopped);
            if (stands.reason.empty() && stands.state != TaskState::stopped) {
                stands.reason = "is being stopped";
            }
            return stands;
        }
        case Active::restarting:
            return {TaskState::retrying, why_it_ended(task), unit.since_us};
        case Active::failed: {
            const bool is_gap = unit.exit_code == gap_code;
            return {is_gap ? TaskState::gap : TaskState::failed, why_it_ended(task), unit.since_us};
        }
        case Active::inactive:
            break;
    }
    if (!task.view.ini_problem.empty() && !task.stopped_by_hand) {
        return {TaskState::failed, task.view.ini_problem, unit.since_us};
    }
    if (task.said && task.said->state == TaskState::finished) {
        return {TaskState::finished, task.said->reason, unit.since_us};
    }
    const char* const reason = !task.view.enabled     ? "enabled=false"
                               : task.stopped_by_hand ? "stopped on request"
                                                      : "";
    return {TaskState::stopped, reason, unit.since_us};
}

}  // namespace

bool SupervisedTask::is_active() const noexcept {
    return view.unit.active != Active::inactive && view.unit.active != Active::failed;
}

bool SupervisedTask::refresh() {
    const TaskState state_before = view.state;
    const Standing stands = standing_of(*this);
    view.state = stands.state;
    view.reason = stands.reason;
    if (stands.since_us != 0) {
        view.since_us = stands.since_us;
    } else if (view.since_us == 0 || state_before != view.state) {
        view.since_us = now_us();
    }
    const bool has_worker = is_active() && view.unit.active != Active::restarting;
    view.worker = has_worker ? said : std::nullopt;
    if (view.worker && !view.worker->source.empty()) {
        view.source = view.worker->source;
        view.target = view.worker->target;
    } else if (wanted) {
        const auto place = [](const EndpointConfig& endpoint) {
            return fmt::format("{} {}", kind_of(endpoint.db_type), endpoint.display_name());
        };
        const TaskConfig& config = wanted->config;
        view.source = place(config.extractor.endpoint);
        view.target = config.sinker.sink_type == SinkType::sql     ? "sql.log"
                      : config.sinker.sink_type == SinkType::dummy ? "dummy"
                      : config.sinker.endpoint                     ? place(*config.sinker.endpoint)
                                                                   : "";
    }
    Told now{view.state, view.reason, view.ini_problem, view.ini, view.enabled, view.unit.active};
    if (told_ == now) return false;
    told_ = std::move(now);
    return true;
}

void SupervisedTask::sample_lag(std::int64_t now_us) {
    constexpr std::size_t most = 360;  // an hour of ten seconds each
    view.lag_history.push_back({now_us, view.worker ? view.worker->lag_seconds : -1});
    if (view.lag_history.size() > most) view.lag_history.pop_front();
}

std::string meaning_of_exit(int code) {
    const auto meaning = [code]() -> std::string_view {
        switch (code) {
            case 0:
                return "done, or stopped on request";
            case 65:
                return "the checkpoint is unreadable, not of this source, or lost in the target";
            case 66:
                return "the source no longer holds what follows the checkpoint (a gap)";
            case 69:
                return "source or target unreachable after retries";
            case 70:
                return "internal fault";
            case 73:
                return "log directory not writable or held, or the task is held by another worker";
            case 74:
                return "a position could not be made durable (disk full, I/O error)";
            case 76:
                return "a change could not be decoded or applied";
            case 77:
                return "a permission is missing, or the password is wrong";
            case 78:
                return "bad configuration";
            default:
                return "unknown";
        }
    }();
    return fmt::format("exit code {}: {}", code, meaning);
}

}  // namespace dts
