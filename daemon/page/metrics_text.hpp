// What the tasks' views say, in Prometheus' text format 0.0.4. Units are base units (seconds,
// bytes); rates are left to Prometheus. What is not known (lag of a stopped task, the age of a
// checkpoint that was never made) is absent, never -1 or 0. ARCHITECTURE.md lists the metrics.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/supervisor/task_view.hpp"

namespace dts {

inline constexpr std::string_view metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

/// `now_us`: for the ages of checkpoints.
std::string metrics_text(const std::vector<const TaskView*>& tasks, std::int64_t now_us);

}  // namespace dts
