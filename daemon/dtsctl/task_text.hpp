// Tasks as a person reads them: the table of `dtsctl list` and the page of `dtsctl status`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/supervisor/task_view.hpp"

namespace dts {

struct TextStyle {
    bool colour = false;
    std::size_t width = 0;    ///< of the terminal: longer lines are cut; 0: never
    std::int64_t now_us = 0;  ///< what "since" is counted from
};

/// What dtsctl shows of a task.
struct ShownTask {
    TaskView view;
    std::string checkpoint;  ///< JSON; of the worker, else of its position.log; may be ""
};

/// TASK, STATE, SOURCE → TARGET, LAG, RATE, POSITION, SINCE; below a task that needs somebody, why.
std::string task_table(const std::vector<ShownTask>& tasks, const TextStyle& style);

std::string task_page(const ShownTask& task, const TextStyle& style);

/// One line, for logs: "task1 streaming lag 0.0 s 12/s binlog.000004:73685".
std::string task_line(const ShownTask& task);

/// "12 s", "4 min", "3 h 5 min", "2 d 4 h".
std::string duration_text(std::int64_t us);
/// "0.3 s"; "-" while it is not known.
std::string lag_text(double seconds);

}  // namespace dts
