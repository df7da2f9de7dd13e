// What dtsd knows of one task: its ini, its process and what its worker says. One form for all who
// ask: the control socket (JSON), the bus, the metrics and the page.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/units/unit_backend.hpp"
#include "lib/control/worker_status.hpp"

namespace dts {

struct LagSample {
    std::int64_t at_us = 0;
    double lag_seconds = -1;
};

struct TaskView {
    std::string name;
    std::filesystem::path ini;  ///< empty when the file is gone and the worker still stops
    std::filesystem::path log_directory;
    bool enabled = true;      ///< [global] enabled
    std::string ini_problem;  ///< why the ini as it stands is not used; "" when it is

    TaskState state = TaskState::stopped;
    std::string reason;  ///< why it is in this state, for a person; may be empty
    std::int64_t since_us = 0;

    std::string source;  ///< "mysql 127.0.0.1:3306"
    std::string target;
    UnitState unit;
    std::optional<WorkerStatus> worker;  ///< while it runs; what it said last
    /// One a ten seconds, over the last hour; oldest first.
    std::deque<LagSample> lag_history;
};

/// "inactive", "starting", "running", "stopping", "restarting", "failed".
std::string_view name_of(UnitState::Active active) noexcept;

/// One object of the JSON that dtsctl --json shows. The worker's status stands under "worker".
std::string to_json(const TaskView& view);
/// Throws Error{bug} for what is no such object. lag_history is not sent.
TaskView task_view_of(std::string_view json);
/// Of an array of them.
std::vector<TaskView> task_views_of(std::string_view json);

}  // namespace dts
