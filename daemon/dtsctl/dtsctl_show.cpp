// list, status, position, explain: what looks and does not act.
#include <fmt/format.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <unistd.h>

#include "daemon/dtsctl/dtsctl.hpp"
#include "daemon/dtsctl/offline_tasks.hpp"
#include "daemon/folder/task_name.hpp"
#include "daemon/service/about_daemon.hpp"
#include "lib/base/clock_text.hpp"
#include "lib/base/error.hpp"

namespace dts::ctl {

namespace {

int say_no_task(const std::string& task) {
    say(fmt::format("there is no task '{}', HINT: dtsctl list shows those that there are", task));
    return no_task;
}

/// The task from the daemon, else from its files; nothing when there is none, which is said.
std::optional<ShownTask> find_task(const Settings& settings, const std::string& task, int& code) {
    std::string why;
    if (auto daemon = ControlClient::connect(settings.places.run_folder / "control.sock", &why)) {
        const ControlAnswer answer = daemon->ask({"task", task, ""});
        if (answer.refusal) {
            code = say_refusal(*answer.refusal);
            return std::nullopt;
        }
        return shown_task(task_view_of(answer.result));
    }
    say_offline(settings, why);
    auto view = read_offline_task(settings.places, task);
    if (view) return shown_task(std::move(*view));
    code = say_no_task(task);
    return std::nullopt;
}

bool is_up(const TaskView& view) {
    switch (view.state) {
        case TaskState::starting:
        case TaskState::streaming:
        case TaskState::caught_up:
        case TaskState::retrying:
        case TaskState::finished:
            return true;
        case TaskState::stopped:
        case TaskState::failed:
        case TaskState::gap:
            return false;
    }
    return false;
}

std::string json_of(const std::vector<ShownTask>& tasks) {
    std::string json = "[";
    for (const ShownTask& task : tasks) {
        if (json.size() > 1) json += ",\n ";
        json += to_json(task.view);
    }
    return json + "]\n";
}

}  // namespace

void say(const std::string& text) {
    std::cerr << "dtsctl: " << text << '\n';
}

int say_refusal(const ControlRefusal& refusal) {
    say(refusal.hint.empty() ? refusal.error
                             : fmt::format("{}, HINT: {}", refusal.error, refusal.hint));
    switch (refusal.fault) {
        case ControlFault::no_task:
            return no_task;
        case ControlFault::not_allowed:
            return not_allowed;
        case ControlFault::bad_call:
        case ControlFault::failed:
            return refused;
    }
    return refused;
}

void say_offline(const Settings& settings, const std::string& why) {
    say(fmt::format("dtsd is not there ({}: {}): this is what {} and {} say",
                    (settings.places.run_folder / "control.sock").string(), why,
                    settings.places.tasks_folder.string(), settings.places.log_root.string()));
}

int say_no_daemon(const Settings& settings, const std::string& why) {
    say(
        fmt::format("dtsd is not there ({}: {}), HINT: systemctl start dtsd, or --run-dir when it "
                    "runs with another one",
                    (settings.places.run_folder / "control.sock").string(), why));
    return no_daemon;
}

ShownTask shown_task(TaskView view) {
    ShownTask task{std::move(view), ""};
    if (task.view.worker) {
        task.checkpoint = task.view.worker->checkpoint;
    }
    if (!task.checkpoint.empty()) return task;
    try {
        task.checkpoint = last_checkpoint_of(task.view.log_directory);
    } catch (const std::exception&) {
        // A folder that is not ours to read, or a damaged log: `dtsctl position` says which.
    }
    return task;
}

std::vector<ShownTask> shown_tasks(std::string_view json) {
    std::vector<ShownTask> tasks;
    for (TaskView& view : task_views_of(json)) tasks.push_back(shown_task(std::move(view)));
    return tasks;
}

TextStyle style_of(const Settings& settings) {
    TextStyle style;
    style.colour = settings.colour;
    style.now_us = now_us();
    winsize size{};
    if (::isatty(STDOUT_FILENO) == 1 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
        style.width = size.ws_col;
    }
    return style;
}

int list(const Settings& settings) {
    std::string why;
    std::vector<ShownTask> tasks;
    if (auto daemon = ControlClient::connect(settings.places.run_folder / "control.sock", &why)) {
        const ControlAnswer answer = daemon->ask({"list", "", ""});
        if (answer.refusal) return say_refusal(*answer.refusal);
        if (settings.json) {
            std::cout << answer.result << '\n';
            return ok;
        }
        tasks = shown_tasks(answer.result);
    } else {
        say_offline(settings, why);
        for (TaskView& view : read_offline_tasks(settings.places)) {
            tasks.push_back(shown_task(std::move(view)));
        }
        if (settings.json) {
            std::cout << json_of(tasks);
            return ok;
        }
    }
    if (tasks.empty()) say("there are no tasks");
    TextStyle style = style_of(settings);
    style.width = 0;  // whole; it is `watch` that must fit
    if (!tasks.empty()) std::cout << task_table(tasks, style);
    return ok;
}

int status(const Settings& settings, const std::string& task) {
    int code = ok;
    const auto found = find_task(settings, task, code);
    if (!found) return code;
    if (settings.json) {
        std::cout << to_json(found->view) << '\n';
    } else {
        std::cout << task_page(*found, style_of(settings));
    }
    return is_up(found->view) ? ok : not_running;
}

int position(const Settings& settings, const std::string& task) {
    int code = ok;
    const auto found = find_task(settings, task, code);
    if (!found) return code;
    std::string checkpoint = found->view.worker ? found->view.worker->checkpoint : "";
    if (checkpoint.empty()) checkpoint = last_checkpoint_of(found->view.log_directory);
    if (checkpoint.empty()) {
        say(fmt::format("task {} has recorded no position in {}", task,
                        found->view.log_directory.string()));
        return not_running;
    }
    std::cout << checkpoint << '\n';
    return ok;
}

int explain(const Settings& settings, const std::string& task) {
    DaemonPlaces places = settings.places;
    if (auto daemon = ControlClient::connect(places.run_folder / "control.sock")) {
        const ControlAnswer answer = daemon->ask({"daemon", "", ""});
        if (!answer.refusal) places = about_daemon_of(answer.result).places;
    }
    const std::string ini = (places.tasks_folder / (task + ".ini")).string();
    if (!is_task_name(task) || !std::filesystem::exists(ini)) return say_no_task(task);
    std::vector<std::string> words = {places.worker.string(),
                                      ini,
                                      "--log-dir",
                                      (places.log_root / task).string(),
                                      "--name",
                                      task,
                                      "--explain"};
    if (places.defaults) words.insert(words.end(), {"--defaults", places.defaults->string()});
    if (settings.json) words.emplace_back("--json");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    // As the worker would, relative paths start where the folder of the tasks is.
    std::error_code ignored;
    std::filesystem::current_path(places.tasks_folder.parent_path(), ignored);
    ::execv(argv[0], argv.data());
    say(fmt::format("running {}: {}", places.worker.string(), std::strerror(errno)));
    return refused;
}

}  // namespace dts::ctl
