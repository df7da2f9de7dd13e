// start, stop, restart, validate.
#include <fmt/format.h>

#include <iostream>

#include "daemon/dtsctl/dtsctl.hpp"
#include "daemon/folder/task_folder.hpp"
#include "daemon/folder/task_verdicts.hpp"
#include "lib/base/error.hpp"

namespace dts::ctl {

namespace {

constexpr std::chrono::seconds long_wait{2};

std::string_view done_of(const std::string& call) {
    return call == "stop" ? "stopped" : call == "start" ? "started" : "restarted";
}

/// What the daemon says to one task's call; the JSON of the task goes to `json`.
int finish(ControlClient& daemon, const std::string& call, const std::string& task, bool is_json,
           std::string& json) {
    if (!daemon.wait(long_wait)) {
        say(fmt::format("task {}: waits until it {}; Ctrl-C does not call it back", task,
                        call == "stop" ? "has stopped" : "streams"));
    }
    const ControlAnswer answer = parse_answer(daemon.read_line());
    if (answer.refusal) return say_refusal(*answer.refusal);
    json += fmt::format("{}{}", json.size() > 1 ? "," : "", answer.result);
    if (!is_json) std::cout << task << ": " << done_of(call) << std::endl;
    return ok;
}

/// Without the daemon: by itself, not beside the others.
std::string problem_alone(const Settings& settings, const std::filesystem::path& file) {
    FolderContents contents;
    if (settings.places.defaults && std::filesystem::exists(*settings.places.defaults)) {
        contents.defaults = read_task_file(*settings.places.defaults);
    }
    const JudgeOptions options{
        contents.defaults ? settings.places.defaults : std::nullopt, WorkerEnvironment::ours,
        [&](const std::string& name) { return settings.places.log_root / name; }};
    return judge_one_more(std::move(contents), options, {}, file).value_or("");
}

}  // namespace

int act(const Settings& settings, const std::string& call, const std::vector<std::string>& tasks) {
    // All of them are asked before the first answer is waited for.
    std::vector<ControlClient> daemons;
    for (const std::string& task : tasks) {
        std::string why;
        auto daemon = ControlClient::connect(settings.places.run_folder / "control.sock", &why);
        if (!daemon) return say_no_daemon(settings, why);
        daemon->send({call, task, ""});
        daemons.push_back(std::move(*daemon));
    }
    int code = ok;
    std::string json = "[";
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        const int one = finish(daemons[i], call, tasks[i], settings.json, json);
        if (code == ok) code = one;
    }
    if (settings.json) std::cout << json << "]\n";
    return code;
}

int validate(const Settings& settings, const std::string& file) {
    const auto path = std::filesystem::absolute(file).lexically_normal();
    std::string why, problem;
    bool judged = false;
    if (auto daemon = ControlClient::connect(settings.places.run_folder / "control.sock", &why)) {
        const ControlAnswer answer = daemon->ask({"validate", "", path.string()});
        judged = !answer.refusal;
        if (judged) problem = problem_of(answer.result);
        if (!judged) why = answer.refusal->error;
    }
    // The daemon may not be able to read what its user can.
    if (!judged || !problem.empty()) {
        const std::string alone = problem_alone(settings, path);
        if (!judged) {
            problem = alone;
            say(fmt::format("not compared with the other tasks: {}", why));
        }
        if (judged && alone.empty() && problem.find("Permission denied") != std::string::npos) {
            problem.clear();
            say("not compared with the other tasks: dtsd may not read the file");
        }
    }
    if (settings.json) {
        std::cout << problem_json(problem) << '\n';
    } else if (problem.empty()) {
        std::cout << "ok: " << path.string() << '\n';
    } else {
        say(problem);
    }
    return problem.empty() ? ok : bad_ini;
}

}  // namespace dts::ctl
