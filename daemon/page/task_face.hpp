// How a task shows itself on the page: its word, its colour, whether it needs somebody, and where
// it stands in the list. One rule for the list and the task's own page.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/supervisor/task_view.hpp"

namespace dts {

enum class Tone : std::uint8_t { ok, busy, warning, alarm, rest };
/// The class in the style sheet.
std::string_view name_of(Tone tone) noexcept;

Tone tone_of(TaskState state) noexcept;

enum class TaskGroup : std::uint8_t {
    attention,  ///< failed, gap, retrying, or with an ini that cannot be used
    running,
    at_rest,  ///< stopped, disabled, finished
};

struct TaskFace {
    std::string_view word;  ///< "caught up", "disabled"
    Tone tone = Tone::rest;
    TaskGroup group = TaskGroup::at_rest;
    int rank = 0;  ///< lower stands further up
};

TaskFace face_of(const TaskView& task);

/// What there is to say beyond the figures, as HTML paragraphs: reason, hint, ini problem, last
/// error, what to type. Empty when all is well.
std::string task_notes(const TaskView& task, std::int64_t now_us);

/// The state's word in the state's own colour.
std::string state_pill(const TaskView& task);
/// "mysql 127.0.0.1:3306 → mysql 127.0.0.1:3307".
std::string route_html(const TaskView& task);
/// "1.2 s"; "–" when not known.
std::string lag_html(const TaskView& task);
std::string position_html(const TaskView& task);

}  // namespace dts
