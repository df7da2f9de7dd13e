// Which of the inis in the folder can be used: each by itself, and all of them side by side.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/folder/task_check.hpp"
#include "daemon/folder/task_conflicts.hpp"
#include "daemon/folder/task_folder.hpp"

namespace dts {

struct TaskVerdict {
    std::optional<CheckedTask> task;  ///< when it can be used
    std::string problem;              ///< else why not
};

struct JudgeOptions {
    std::optional<std::filesystem::path> defaults;  ///< every worker is given it
    WorkerEnvironment environment = WorkerEnvironment::ours;
    std::function<std::filesystem::path(const std::string& task)> log_directory;
};

/// A verdict for each ini of the folder, by itself.
std::map<std::string, TaskVerdict> judge_each(const FolderContents& contents,
                                              const JudgeOptions& options);

/// The same, side by side. `held` is what running workers have taken; among the others, tasks in
/// `known` go before those that are new. Disabled tasks take nothing.
std::map<std::string, TaskVerdict> judge_together(std::map<std::string, TaskVerdict> verdicts,
                                                  std::vector<TaskClaims> held,
                                                  const std::vector<std::string>& known);

/// The problem of one more ini, that of the task `name`, beside those of the folder; nothing when
/// it could be used.
std::optional<std::string> judge_one_more(FolderContents contents, const JudgeOptions& options,
                                          std::vector<TaskClaims> held,
                                          const std::filesystem::path& ini);

}  // namespace dts
