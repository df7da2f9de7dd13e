#include "daemon/folder/task_name.hpp"

#include <algorithm>

namespace dts {

bool is_task_name(std::string_view name) noexcept {
    constexpr std::size_t longest = 64;
    const auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    };
    return !name.empty() && name.size() <= longest && name.front() != '.' && name.front() != '-' &&
           std::ranges::all_of(name, is_allowed);
}

std::optional<std::string> task_of_file(std::string_view file) {
    constexpr std::string_view ending = ".ini";
    if (file.starts_with('.') || file.starts_with('#') || !file.ends_with(ending)) {
        return std::nullopt;
    }
    return std::string(file.substr(0, file.size() - ending.size()));
}

}  // namespace dts
