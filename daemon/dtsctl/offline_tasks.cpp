#include "daemon/dtsctl/offline_tasks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "daemon/control/control_client.hpp"
#include "daemon/folder/task_folder.hpp"
#include "daemon/folder/task_name.hpp"
#include "daemon/folder/task_verdicts.hpp"
#include "daemon/supervisor/supervised_task.hpp"
#include "lib/base/clock_text.hpp"
#include "lib/base/error.hpp"
#include "lib/checkpoint/position_reader.hpp"
#include "lib/position/position_codec.hpp"

namespace dts {

namespace {

constexpr std::chrono::milliseconds patience{500};

std::string tail_of(const std::filesystem::path& file, std::streamoff most) {
    std::ifstream in(file, std::ios::binary | std::ios::ate);
    const std::streamoff size = in ? static_cast<std::streamoff>(in.tellg()) : 0;
    const std::streamoff begin = std::max<std::streamoff>(0, size - most);
    std::string text(static_cast<std::size_t>(std::max<std::streamoff>(size - begin, 0)), '\0');
    in.seekg(begin);
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    return text;
}

/// "checkpoint: TEXT" of "… task NAME ends: checkpoint: TEXT".
LastEnd end_in(std::string_view line) {
    LastEnd end;
    constexpr std::size_t time_width = 26;
    end.at_us = parse_microsecond_text(line.substr(0, time_width)).value_or(0);
    constexpr std::string_view mark = " ends: ";
    const auto at = line.find(mark);
    if (line.find(" - ERROR - ") == std::string_view::npos || at == std::string_view::npos) {
        return end;
    }
    std::string_view said = line.substr(at + mark.size());
    const std::string_view kind = said.substr(0, said.find(": "));
    end.state = kind == "gap" ? TaskState::gap : TaskState::failed;
    said.remove_prefix(std::min(kind.size() + 2, said.size()));
    end.reason = said;
    return end;
}

void look_at(TaskView& view, const DaemonPlaces& places) {
    const auto socket = runtime_root_of(places.run_folder) / view.name / "status.sock";
    if (const auto line = first_line_from(socket, patience)) {
        view.worker = worker_status_of(*line);
        view.unit.active = UnitState::Active::running;
        view.unit.pid = view.worker->pid;
        view.state = view.worker->state;
        view.reason = view.worker->reason;
        view.since_us = view.worker->since_us;
        view.source = view.worker->source;
        view.target = view.worker->target;
        return;
    }
    const LastEnd end = last_end_of(view.log_directory);
    view.state = end.state;
    view.reason = end.reason;
    view.since_us = end.at_us;
    if (view.state == TaskState::stopped && !view.ini_problem.empty()) {
        view.state = TaskState::failed;
        view.reason = view.ini_problem;
    }
}

JudgeOptions judge_options(const DaemonPlaces& places) {
    return {places.defaults, WorkerEnvironment::theirs,
            [&places](const std::string& name) { return places.log_root / name; }};
}

TaskView view_of(const DaemonPlaces& places, const std::string& name, const TaskFile& file,
                 TaskVerdict verdict) {
    SupervisedTask task;
    task.file = file;
    task.view.name = name;
    task.view.ini = file.path;
    task.view.log_directory = places.log_root / name;
    task.view.ini_problem = verdict.problem;
    task.wanted = std::move(verdict.task);
    if (task.wanted) task.view.enabled = task.wanted->config.global.enabled;
    task.refresh();
    look_at(task.view, places);
    return std::move(task.view);
}

}  // namespace

std::vector<TaskView> read_offline_tasks(const DaemonPlaces& places) {
    const FolderContents contents =
        read_task_folder(places.tasks_folder, places.defaults.value_or(""));
    if (!contents.problem.empty()) {
        throw Error(ErrorKind::config, contents.problem, "--tasks names the folder of the tasks");
    }
    auto verdicts = judge_together(judge_each(contents, judge_options(places)), {}, {});
    std::vector<TaskView> views;
    for (const auto& [name, file] : contents.inis) {
        views.push_back(view_of(places, name, file, std::move(verdicts.at(name))));
    }
    return views;
}

std::optional<TaskView> read_offline_task(const DaemonPlaces& places, const std::string& name) {
    if (!is_task_name(name)) return std::nullopt;
    std::error_code failed;
    const bool has_ini = std::filesystem::exists(places.tasks_folder / (name + ".ini"), failed);
    if (!has_ini && !std::filesystem::exists(places.log_root / name, failed)) return std::nullopt;
    if (!has_ini) {
        TaskView view;
        view.name = name;
        view.log_directory = places.log_root / name;
        look_at(view, places);
        return view;
    }
    const FolderContents contents =
        read_task_folder(places.tasks_folder, places.defaults.value_or(""));
    auto verdicts = judge_together(judge_each(contents, judge_options(places)), {}, {});
    return view_of(places, name, contents.inis.at(name), std::move(verdicts.at(name)));
}

std::string last_checkpoint_of(const std::filesystem::path& log_directory) {
    const auto reading = read_position_log(log_directory, all_codecs(), "MysqlCdc");
    return reading.position ? reading.position->to_json() : std::string();
}

LastEnd last_end_of(const std::filesystem::path& log_directory) {
    constexpr std::streamoff enough = 16 * 1024;
    std::string text = tail_of(log_directory / "default.log", enough);
    while (text.ends_with('\n')) text.pop_back();
    const auto begin = text.rfind('\n');
    return end_in(begin == std::string::npos ? std::string_view(text)
                                             : std::string_view(text).substr(begin + 1));
}

}  // namespace dts
