// The pages that a person looks at: all tasks, and one task. Tasks that need somebody stand first.
// Whole HTML documents, without outside resources.
#pragma once

#include <string>
#include <vector>

#include "daemon/page/page_frame.hpp"
#include "daemon/supervisor/task_view.hpp"

namespace dts {

std::string tasks_html(const std::vector<const TaskView*>& tasks, const PageFacts& facts);
std::string task_html(const TaskView& task, const PageFacts& facts);

}  // namespace dts
