#include "daemon/folder/task_verdicts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/folder/task_name.hpp"
#include "lib/base/error.hpp"

namespace dts {

namespace {

struct Defaults {
    std::optional<IniFile> ini;
    std::string problem;
};

Defaults read_defaults(const FolderContents& contents, const JudgeOptions& options) {
    Defaults defaults;
    if (!options.defaults) return defaults;
    if (!contents.defaults) {
        defaults.problem =
            fmt::format("can not read {}: there is no such file", options.defaults->string());
    } else if (!contents.defaults->problem.empty()) {
        defaults.problem = contents.defaults->problem;
    } else {
        try {
            defaults.ini = parse_ini(contents.defaults->text, contents.defaults->path.string());
        } catch (const Error& error) {
            defaults.problem = error.what();
        }
    }
    return defaults;
}

TaskVerdict judge_alone(const std::string& name, const TaskFile& file, const Defaults& defaults,
                        const JudgeOptions& options) {
    TaskVerdict verdict;
    verdict.problem = !file.problem.empty() ? file.problem : defaults.problem;
    if (!verdict.problem.empty()) return verdict;
    try {
        verdict.task = check_task(parse_ini(file.text, file.path.string()), name,
                                  defaults.ini ? &*defaults.ini : nullptr, options.environment,
                                  options.log_directory(name));
    } catch (const Error& error) {
        verdict.problem = error.what();
    }
    return verdict;
}

}  // namespace

std::map<std::string, TaskVerdict> judge_each(const FolderContents& contents,
                                              const JudgeOptions& options) {
    const Defaults defaults = read_defaults(contents, options);
    std::map<std::string, TaskVerdict> verdicts;
    for (const auto& [name, file] : contents.inis) {
        verdicts.emplace(name, judge_alone(name, file, defaults, options));
    }
    return verdicts;
}

std::map<std::string, TaskVerdict> judge_together(std::map<std::string, TaskVerdict> verdicts,
                                                  std::vector<TaskClaims> claims,
                                                  const std::vector<std::string>& known) {
    const auto claim_all = [&](bool of_known) {
        for (const auto& [name, verdict] : verdicts) {
            if (!verdict.task || !verdict.task->config.global.enabled) continue;
            const bool is_known = std::ranges::find(known, name) != known.end();
            if (is_known == of_known) claims.push_back(verdict.task->claims);
        }
    };
    claim_all(true);
    claim_all(false);
    for (const auto& [name, problem] : find_conflicts(claims)) {
        const auto verdict = verdicts.find(name);
        if (verdict == verdicts.end()) continue;
        verdict->second.task.reset();
        verdict->second.problem = problem;
    }
    return verdicts;
}

std::optional<std::string> judge_one_more(FolderContents contents, const JudgeOptions& options,
                                          std::vector<TaskClaims> held,
                                          const std::filesystem::path& ini) {
    const std::string name = ini.stem().string();
    if (!is_task_name(name)) {
        return fmt::format("{}: no task can be called '{}', HINT: {}", ini.string(), name,
                           task_name_rule);
    }
    // It would take the place of the one that has its name now.
    std::erase_if(held, [&](const TaskClaims& claims) { return claims.task == name; });
    contents.inis[name] = read_task_file(ini);
    std::vector<std::string> known;
    for (const auto& [other, file] : contents.inis) {
        if (other != name) known.push_back(other);
    }
    const auto verdicts = judge_together(judge_each(contents, options), std::move(held), known);
    const std::string& problem = verdicts.at(name).problem;
    return problem.empty() ? std::nullopt : std::optional(problem);
}

}  // namespace dts
