#include "daemon/supervisor.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "daemon/start_record.hpp"
#include "daemon/supervised_task.hpp"
#include "daemon/task_folder.hpp"
#include "daemon/task_name.hpp"
#include "daemon/task_verdicts.hpp"
#include "lib/base/clock_text.hpp"
#include "lib/base/error.hpp"

namespace dts {

namespace {

using Active = UnitState::Active;

}  // namespace

struct Supervisor::Parts {
    Parts(boost::asio::io_context& io, UnitBackend& units, Options given)
        : loop(io),
          backend(units),
          options(std::move(given)),
          folder(io, options.tasks_folder, options.defaults.value_or(std::filesystem::path()),
                 [this](const FolderContents& now) { take(now); }),
          lag_timer(io) {}

    // ---- what happens ---------------------------------------------------------------------------

    void open() {
        if (options.record) record = read_start_record(*options.record);
        for (const auto& [name, known] : record.tasks) {
            if (known.stopped) add(name).stopped_by_hand = true;
        }
        backend.open(
            [this](const std::string& name, const UnitState& state) { unit_changed(name, state); });
        folder.open();
        adopting = false;
        sample_lag();
    }

    void take(const FolderContents& now) {
        if (now.problem != contents.problem && !now.problem.empty()) {
            log(fmt::format("{}; tasks go on as they are", now.problem));
        }
        for (const std::string& file : now.misnamed) {
            if (std::ranges::find(contents.misnamed, file) != contents.misnamed.end()) continue;
            log(
                fmt::format("{}: no task can have this name, HINT: letters, digits, '-', '_', '.', "
                            "not beginning with '.' or '-', at most 64",
                            (options.tasks_folder / file).string()));
        }
        contents = now;
        evaluate();
    }

    /// Compares what stands in the folder with what runs, and acts. After every change of either.
    void evaluate() {
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

    /// The verdict about each ini, and about all of them together.
    void judge() {
        std::vector<std::string> known;
        for (const auto& [name, task] : tasks) {
            if (task->wanted) known.push_back(name);
        }
        auto verdicts = judge_tasks(contents, judge_options(), held_claims(), known);
        for (auto& [name, task] : tasks) {
            task->view.ini = task->file ? task->file->path : std::filesystem::path();
            const auto verdict = verdicts.find(name);
            const bool has_ini = task->file && verdict != verdicts.end();
            take_verdict(*task, has_ini ? std::move(verdict->second) : TaskVerdict());
        }
    }

    void take_verdict(SupervisedTask& task, TaskVerdict verdict) {
        TaskView& view = task.view;
        if (!verdict.problem.empty() && view.ini_problem != verdict.problem) {
            log(fmt::format("task {}: its ini is not used{}: {}", view.name,
                            task.is_active() ? ", it goes on as it was started" : "",
                            verdict.problem));
        }
        view.ini_problem = std::move(verdict.problem);
        task.wanted = std::move(verdict.task);
        if (task.wanted) view.enabled = task.wanted->config.global.enabled;
    }

    std::vector<TaskClaims> held_claims() const {
        std::vector<TaskClaims> held;
        for (const auto& [name, task] : tasks) {
            if (task->is_active() && task->held) held.push_back(*task->held);
        }
        return held;
    }

    JudgeOptions judge_options() const {
        return {options.defaults,
                backend.name() == "systemd" ? WorkerEnvironment::theirs : WorkerEnvironment::ours,
                [this](const std::string& name) { return backend.log_directory(name); }};
    }

    /// At the daemon's start: was this worker started with what is wanted now?
    void adopt(SupervisedTask& task) {
        if (!task.is_active() && !task.is_failed()) return;
        const auto known = record.tasks.find(task.view.name);
        if (known != record.tasks.end()) {
            task.fingerprint = known->second.fingerprint;
        } else if (task.wanted && !changed_since(task, task.view.unit.since_us)) {
            task.fingerprint = task.wanted->fingerprint;
        }
        if (task.wanted && task.fingerprint == task.wanted->fingerprint) hold(task);
        if (task.is_active()) {
            log(fmt::format("task {}: runs already, pid {}", task.view.name, task.view.unit.pid));
        }
    }

    bool changed_since(const SupervisedTask& task, std::int64_t time_us) const {
        const std::int64_t defaults_us = contents.defaults ? contents.defaults->changed_us : 0;
        return std::max(task.file->changed_us, defaults_us) > time_us;
    }

    void reconcile(SupervisedTask& task) {
        if (closing) return;
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

    using Request = void (UnitBackend::*)(const std::string&, Done);

    /// A start or restart with the settings as they stand.
    void begin(SupervisedTask& task, Request request_of, Done done) {
        task.fingerprint = task.wanted->fingerprint;
        hold(task);
        write_record();
        request(task, request_of, std::move(done));
    }

    void request(SupervisedTask& task, Request request_of, Done done) {
        const int stop = request_of == &UnitBackend::stop ? 1 : 0;
        ++task.requests;
        task.stops += stop;
        const std::string name = task.view.name;
        (backend.*request_of)(name, [this, name, stop, done](std::optional<std::string> problem) {
            // Never from within the request: the caller is not done yet.
            boost::asio::post(loop, [this, name, stop, done, problem] {
                SupervisedTask& asked = *tasks.at(name);  // is kept while a request is under way
                --asked.requests;
                asked.stops -= stop;
                if (problem) log(fmt::format("task {}: {}", name, *problem));
                if (done) done(problem);
                if (!closing) evaluate();
            });
        });
    }

    void unit_changed(const std::string& name, const UnitState& state) {
        if (!is_task_name(name)) return;
        SupervisedTask& task = add(name);
        const UnitState before = task.view.unit;
        if (before == state) return;
        task.view.unit = state;
        const bool new_run = state.pid != 0 && state.pid != before.pid;
        if (new_run) task.said.reset();
        task.watch->expect(state.pid != 0 && task.is_active());
        if (!adopting) notice(task, before);
        refresh(task);
        if (!adopting && task.requests == 0 && !closing) {
            // What somebody else did may concern others: a claim that is free again.
            boost::asio::post(loop, [this] {
                if (!closing) evaluate();
            });
        }
    }

    /// What was not asked for by the daemon: said in its log, and kept in mind.
    void notice(SupervisedTask& task, const UnitState& before) {
        const UnitState& now = task.view.unit;
        const std::string& name = task.view.name;
        if (now.active == Active::restarting && before.active != Active::restarting) {
            log(fmt::format("task {}: ended, it is started again: {}", name, task.reason()));
        } else if (now.active == Active::failed && before.active != Active::failed) {
            log(fmt::format("task {}: failed and is not started again: {}", name, task.reason()));
        }
        if (task.requests > 0 || closing) return;
        const bool was_active =
            before.active != Active::inactive && before.active != Active::failed;
        const bool finished = task.said && task.said->state == TaskState::finished;
        if (now.active == Active::inactive && was_active && !finished) {
            log(fmt::format("task {}: was stopped, not by dtsd", name));
            task.stopped_by_hand = true;
        } else if (task.is_active() && !was_active) {
            log(fmt::format("task {}: was started, not by dtsd", name));
            task.stopped_by_hand = false;
            if (task.wanted) {
                task.fingerprint = task.wanted->fingerprint;
                hold(task);
            }
        }
    }

    // ---- by an operator -------------------------------------------------------------------------

    /// The task, ready to be asked for something; nothing when it cannot be, and `done` was told.
    SupervisedTask* ready(const std::string& name, const Done& done, bool to_start) {
        std::string problem;
        const auto found = tasks.find(name);
        if (found == tasks.end() || !found->second->is_shown()) {
            problem = fmt::format("there is no task {}, HINT: its ini would be {}", name,
                                  (options.tasks_folder / (name + ".ini")).string());
        } else if (SupervisedTask& task = *found->second; to_start && !task.file) {
            problem = fmt::format("task {}: its ini is gone", name);
        } else if (to_start && !task.wanted) {
            problem =
                fmt::format("task {}: its ini cannot be used: {}", name, task.view.ini_problem);
        } else if (to_start && !task.view.enabled) {
            problem = fmt::format(
                "task {} is disabled, HINT: take [global] enabled=false out of "
                "its ini",
                name);
        } else {
            return &task;
        }
        if (done) boost::asio::post(loop, [done, problem] { done(problem); });
        return nullptr;
    }

    void start(const std::string& name, Done done) {
        SupervisedTask* const task = ready(name, done, true);
        if (task == nullptr) return;
        task->stopped_by_hand = false;
        begin(*task, &UnitBackend::start, std::move(done));
    }

    void restart(const std::string& name, Done done) {
        SupervisedTask* const task = ready(name, done, true);
        if (task == nullptr) return;
        task->stopped_by_hand = false;
        begin(*task, &UnitBackend::restart, std::move(done));
    }

    void stop(const std::string& name, Done done) {
        SupervisedTask* const task = ready(name, done, false);
        if (task == nullptr) return;
        task->stopped_by_hand = true;
        write_record();
        request(*task, &UnitBackend::stop, std::move(done));
    }

    // ---- the tasks ------------------------------------------------------------------------------

    SupervisedTask& add(const std::string& name) {
        auto& task = tasks[name];
        if (task) return *task;
        task = std::make_unique<SupervisedTask>();
        task->view.name = name;
        task->view.log_directory = backend.log_directory(name);
        task->watch = std::make_unique<WorkerWatch>(loop, backend.status_socket(name),
                                                    [this, name](const WorkerStatus& status) {
                                                        const auto found = tasks.find(name);
                                                        if (found != tasks.end())
                                                            hear(*found->second, status);
                                                    });
        return *task;
    }

    void hear(SupervisedTask& task, const WorkerStatus& status) {
        // The last words of a run that is over, when the next one runs already.
        const std::int64_t pid = task.view.unit.pid;
        if (pid != 0 && status.pid != 0 && status.pid != pid) return;
        task.said = status;
        refresh(task);
    }

    void refresh(SupervisedTask& task) {
        if (task.refresh() && task.is_shown()) tell(task.view.name, &task.view);
    }

    void sweep() {
        for (auto entry = tasks.begin(); entry != tasks.end();) {
            if (entry->second->is_shown()) {
                ++entry;
                continue;
            }
            const std::string name = entry->first;
            // A folder that cannot be read now may still name it later.
            if (!contents.problem.empty() && entry->second->stopped_by_hand) {
                ++entry;
                continue;
            }
            entry = tasks.erase(entry);
            tell(name, nullptr);
        }
    }

    void hold(SupervisedTask& task) {
        task.held = task.wanted ? std::optional(task.wanted->claims) : std::nullopt;
    }

    void tell(const std::string& name, const TaskView* view) {
        for (const Listener& listener : listeners) listener(name, view);
    }

    void sample_lag() {
        lag_timer.expires_after(options.lag_interval);
        lag_timer.async_wait([this](const boost::system::error_code& cancelled) {
            if (cancelled) return;
            for (auto& [name, task] : tasks) {
                task->sample_lag(now_us());
            }
            sample_lag();
        });
    }

    void write_record() {
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

    void log(const std::string& text) const {
        if (options.log) options.log(text);
    }

    boost::asio::io_context& loop;
    UnitBackend& backend;
    Options options;
    TaskFolder folder;
    boost::asio::steady_timer lag_timer;
    FolderContents contents;
    std::map<std::string, std::unique_ptr<SupervisedTask>, std::less<>> tasks;
    std::vector<Listener> listeners;
    StartRecord record;
    bool record_written = false;
    bool adopting = true;
    bool closing = false;
};

Supervisor::Supervisor(boost::asio::io_context& loop, UnitBackend& backend, Options options)
    : parts_(std::make_unique<Parts>(loop, backend, std::move(options))) {}

Supervisor::~Supervisor() = default;

void Supervisor::open() {
    parts_->open();
}

void Supervisor::reread() {
    parts_->folder.reread();
}

void Supervisor::shut_down(std::function<void()> done) {
    parts_->closing = true;
    parts_->lag_timer.cancel();
    parts_->backend.shut_down(std::move(done));
}

std::vector<const TaskView*> Supervisor::tasks() const {
    std::vector<const TaskView*> views;
    for (const auto& [name, task] : parts_->tasks) {
        if (task->is_shown()) views.push_back(&task->view);
    }
    return views;
}

const TaskView* Supervisor::find(std::string_view task) const {
    const auto found = parts_->tasks.find(task);
    if (found == parts_->tasks.end() || !found->second->is_shown()) return nullptr;
    return &found->second->view;
}

std::string_view Supervisor::backend_name() const {
    return parts_->backend.name();
}

void Supervisor::start(const std::string& task, Done done) {
    parts_->start(task, std::move(done));
}

void Supervisor::stop(const std::string& task, Done done) {
    parts_->stop(task, std::move(done));
}

void Supervisor::restart(const std::string& task, Done done) {
    parts_->restart(task, std::move(done));
}

std::optional<std::string> Supervisor::validate(const std::filesystem::path& ini) const {
    return judge_one_more(parts_->contents, parts_->judge_options(), parts_->held_claims(), ini);
}

const std::string& Supervisor::folder_problem() const {
    return parts_->contents.problem;
}

void Supervisor::listen(Listener listener) {
    parts_->listeners.push_back(std::move(listener));
}

}  // namespace dts
