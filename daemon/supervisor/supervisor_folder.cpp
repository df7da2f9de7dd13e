// The supervisor's one duty: what stands in the folder is what runs.
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>

#include "daemon/folder/task_name.hpp"
#include "daemon/supervisor/supervisor_parts.hpp"
#include "lib/base/error.hpp"

namespace dts {

void Supervisor::Parts::take(const FolderContents& now) {
    if (now.problem != contents.problem && !now.problem.empty()) {
        log(fmt::format("{}; tasks go on as they are", now.problem));
    }
    for (const std::string& file : now.misnamed) {
        if (std::ranges::find(contents.misnamed, file) != contents.misnamed.end()) continue;
        log(fmt::format("{}: no task can have this name, HINT: {}",
                        (options.tasks_folder / file).string(), task_name_rule));
    }
    contents = now;
    verdicts = judge_each(contents, judge_options());
    evaluate();
}

void Supervisor::Parts::evaluate_soon() {
    if (std::exchange(evaluation_is_due, true)) return;
    boost::asio::post(loop, if_there([](Parts& self) {
                          self.evaluation_is_due = false;
                          self.evaluate();
                      }));
}

void Supervisor::Parts::evaluate() {
    if (closing) return;
    for (const auto& [name, file] : contents.inis) add(name).file = file;
    if (contents.problem.empty()) {
        for (auto& [name, task] : tasks) {
            if (!contents.inis.contains(name)) task->file.reset();
        }
    }
    judge();
    for (auto& [name, task] : tasks) {
        if (adopting) adopt(*task);
        reconcile(*task);
    }
    sweep();
    write_record();
}

void Supervisor::Parts::judge() {
    std::vector<std::string> known;
    for (const auto& [name, task] : tasks) {
        if (task->wanted) known.push_back(name);
    }
    auto judged = judge_together(verdicts, held_claims(), known);
    for (auto& [name, task] : tasks) {
        task->view.ini = task->file ? task->file->path : std::filesystem::path();
        const auto verdict = judged.find(name);
        const bool has_ini = task->file && verdict != judged.end();
        take_verdict(*task, has_ini ? std::move(verdict->second) : TaskVerdict());
    }
}

void Supervisor::Parts::take_verdict(SupervisedTask& task, TaskVerdict verdict) {
    TaskView& view = task.view;
    if (!verdict.problem.empty() && view.ini_problem != verdict.problem) {
        log(fmt::format("task {}: its ini is not used{}: {}", view.name,
                        task.is_active() ? ", it goes on as it was started" : "", verdict.problem));
    }
    view.ini_problem = std::move(verdict.problem);
    task.wanted = std::move(verdict.task);
    if (task.wanted) view.enabled = task.wanted->config.global.enabled;
}

std::vector<TaskClaims> Supervisor::Parts::held_claims() const {
    std::vector<TaskClaims> held;
    for (const auto& [name, task] : tasks) {
        if (task->is_active() && task->held) held.push_back(*task->held);
    }
    return held;
}

JudgeOptions Supervisor::Parts::judge_options() const {
    return {options.defaults,
            backend.name() == "systemd" ? WorkerEnvironment::theirs : WorkerEnvironment::ours,
            [this](const std::string& name) { return backend.log_directory(name); }};
}

/// At the daemon's start: was this worker started with what is wanted now?
void Supervisor::Parts::adopt(SupervisedTask& task) {
    if (!task.is_active() && !task.is_failed()) return;
    const auto changed_us = [this, &task] {
        const std::int64_t defaults_us = contents.defaults ? contents.defaults->changed_us : 0;
        return std::max(task.file->changed_us, defaults_us);
    };
    const auto known = record.tasks.find(task.view.name);
    if (known != record.tasks.end()) {
        task.fingerprint = known->second.fingerprint;
    } else if (task.wanted && changed_us() <= task.view.unit.since_us) {
        task.fingerprint = task.wanted->fingerprint;
    }
    if (task.wanted && task.fingerprint == task.wanted->fingerprint) hold(task);
    if (!task.is_active()) return;
    task.stopped_by_hand = false;
    log(fmt::format("task {}: runs already, pid {}", task.view.name, task.view.unit.pid));
}

void Supervisor::Parts::reconcile(SupervisedTask& task) {
    const std::string& name = task.view.name;
    if (!task.file || (task.wanted && !task.view.enabled)) {
        task.fingerprint.clear();
        if (task.is_active() && task.stops == 0) {
            log(fmt::format("task {}: {}, it is stopped", name,
                            task.file ? "enabled=false" : "its ini is gone"));
            request(task, &UnitBackend::stop, {});
        }
    } else if (task.wanted && !task.stopped_by_hand &&
               task.fingerprint != task.wanted->fingerprint) {
        const bool runs = task.is_active();
        log(fmt::format("task {}: {}", name,
                        runs ? "its settings changed, it is restarted" : "is started"));
        begin(task, runs ? &UnitBackend::restart : &UnitBackend::start, {});
    }
    refresh(task);
}

void Supervisor::Parts::sweep() {
    std::vector<std::string> gone;
    for (const auto& [name, task] : tasks) {
        // A folder that cannot be read now may still name one that an operator has stopped.
        const bool may_come_back = !contents.problem.empty() && task->stopped_by_hand;
        if (!task->is_shown() && !may_come_back) gone.push_back(name);
    }
    for (const std::string& name : gone) {
        tasks.erase(name);
        tell(name, nullptr);
    }
}

void Supervisor::Parts::write_record() {
    if (!options.record || closing) return;
    StartRecord now;
    for (const auto& [name, task] : tasks) {
        if (task->fingerprint.empty() && !task->stopped_by_hand) continue;
        now.tasks[name] = {task->fingerprint, task->stopped_by_hand};
    }
    if (now == record && record_written) return;
    try {
        write_start_record(*options.record, now);
        record = std::move(now);
        record_written = true;
    } catch (const Error& error) {
        log(error.what());
    }
}

}  // namespace dts
