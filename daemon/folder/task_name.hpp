// What a task may be called. Its name is a file's stem, a folder of logs, a unit's instance and a
// label of metrics: letters, digits, '-', '_' and '.', not beginning with '.' or '-', at most 64.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dts {

inline constexpr std::string_view task_name_rule =
    "letters, digits, '-', '_', '.', not beginning with '.' or '-', at most 64";

bool is_task_name(std::string_view name) noexcept;

/// The name of the task whose ini is called `file` ("task1.ini"); nothing for what is no ini
/// (editors' files: hidden ones, "x.ini~", "x.swp"). The name may still be none that a task may
/// have.
std::optional<std::string> task_of_file(std::string_view file);

}  // namespace dts
