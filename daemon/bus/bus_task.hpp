// A task in the types of D-Bus, as org.dts.Manager1 shows it.
#pragma once

#include <systemd/sd-bus.h>

#include <string>
#include <string_view>

#include "daemon/supervisor/task_view.hpp"

namespace dts {

/// A struct of ListTasks: name, state, reason, source, target, lag in seconds (-1: not known), and
/// since when (microseconds of the Unix epoch) it is in this state.
inline constexpr const char* task_row_type = "(sssssdt)";
void append_task_row(sd_bus_message* to, const TaskView& view);

/// The a{sv} of GetTask.
void append_task(sd_bus_message* to, const TaskView& view);

/// D-Bus takes UTF-8 alone: what is none is replaced.
std::string bus_text(std::string_view text);

}  // namespace dts
