// Is a task's ini usable? The same verdict that `dts-worker --check` gives, without making a task.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "daemon/folder/task_conflicts.hpp"
#include "lib/config/ini.hpp"
#include "lib/config/task_config.hpp"

namespace dts {

/// Whose environment the ${NAME} of password files mean.
enum class WorkerEnvironment : std::uint8_t {
    ours,    ///< workers inherit it
    theirs,  ///< systemd makes it (LoadCredential=): files named by it cannot be judged here
};

struct CheckedTask {
    TaskConfig config;
    /// Differs when anything in force differs, of the ini or of the defaults; not when only
    /// comments, order or `enabled` do. No secret can be read out of it.
    std::string fingerprint;
    TaskClaims claims;
};

/// Throws Error{config} with file, line and key. `defaults` may be nullptr.
CheckedTask check_task(const IniFile& ini, std::string_view name, const IniFile* defaults,
                       WorkerEnvironment environment, const std::filesystem::path& log_directory);

}  // namespace dts
