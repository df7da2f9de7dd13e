#include "daemon/supervisor/supervisor.hpp"

#include <fmt/format.h>

#include "daemon/folder/task_name.hpp"
#include "daemon/supervisor/supervisor_parts.hpp"
#include "lib/base/clock_text.hpp"

namespace dts {

using Active = UnitState::Active;

Supervisor::Parts::Parts(boost::asio::io_context& io, UnitBackend& units, Options given)
    : loop(io),
      backend(units),
      options(std::move(given)),
      folder(io, options.tasks_folder, options.defaults.value_or(std::filesystem::path()),
             [this](const FolderContents& now) { take(now); }),
      lag_timer(io) {}

void Supervisor::Parts::open() {
    if (options.record) record = read_start_record(*options.record);
    for (const auto& [name, known] : record.tasks) {
        if (known.stopped) add(name).stopped_by_hand = true;
    }
    backend.open(if_there([](Parts& self, const std::string& name, const UnitState& state) {
        self.unit_changed(name, state);
    }));
    folder.open();
    adopting = false;
    sample_lag();
}

SupervisedTask& Supervisor::Parts::add(const std::string& name) {
    auto& task = tasks[name];
    if (task) return *task;
    task = std::make_unique<SupervisedTask>();
    task->view.name = name;
    task->view.log_directory = backend.log_directory(name);
    const auto on_status = [this, name](const WorkerStatus& status) {
        const auto found = tasks.find(name);
        if (found != tasks.end()) hear(*found->second, status);
    };
    task->watch = std::make_unique<WorkerWatch>(loop, backend.status_socket(name), on_status);
    return *task;
}

void Supervisor::Parts::unit_changed(const std::string& name, const UnitState& state) {
    if (!is_task_name(name)) return;
    const bool comes_up = state.active == Active::starting || state.active == Active::running;
    // Who starts a task by hand may have put its ini there a moment ago.
    if (!adopting && comes_up && !contents.inis.contains(name)) folder.reread();
    SupervisedTask& task = add(name);
    const UnitState before = task.view.unit;
    if (before == state) return;
    task.view.unit = state;
    const bool is_new_run = state.pid != 0 && state.pid != before.pid;
    if (is_new_run) task.said.reset();
    task.watch->expect(state.pid != 0 && task.is_active());
    if (!adopting) notice(task, before);
    refresh(task);
    // What somebody else did may concern others: a claim that is free again.
    if (!adopting && task.requests == 0) evaluate_soon();
}

void Supervisor::Parts::notice(SupervisedTask& task, const UnitState& before) {
    if (task.requests > 0 || closing) return;
    const std::string& name = task.view.name;
    const bool was_active = before.active != Active::inactive && before.active != Active::failed;
    const bool is_finished = task.said && task.said->state == TaskState::finished;
    if (task.view.unit.active == Active::inactive && was_active && !is_finished) {
        log(fmt::format("task {}: was stopped, not by dtsd", name));
        task.stopped_by_hand = true;
    } else if (task.is_active() && !was_active) {
        log(fmt::format("task {}: was started, not by dtsd", name));
        task.stopped_by_hand = false;
        if (!task.wanted) return;
        task.fingerprint = task.wanted->fingerprint;
        hold(task);
    }
}

void Supervisor::Parts::hear(SupervisedTask& task, const WorkerStatus& status) {
    // The last words of a run that is over, when the next one runs already.
    const std::int64_t pid = task.view.unit.pid;
    if (pid != 0 && status.pid != 0 && status.pid != pid) return;
    task.said = status;
    refresh(task);
}

void Supervisor::Parts::refresh(SupervisedTask& task) {
    if (task.refresh() && task.is_shown()) tell(task.view.name, &task.view);
}

void Supervisor::Parts::hold(SupervisedTask& task) {
    task.held = task.wanted ? std::optional(task.wanted->claims) : std::nullopt;
}

void Supervisor::Parts::tell(const std::string& name, const TaskView* view) {
    for (const Listener& listener : listeners) listener(name, view);
}

void Supervisor::Parts::sample_lag() {
    lag_timer.expires_after(options.lag_interval);
    lag_timer.async_wait(if_there([](Parts& self, const boost::system::error_code& cancelled) {
        if (cancelled) return;
        for (auto& [name, task] : self.tasks) task->sample_lag(now_us());
        self.sample_lag();
    }));
}

void Supervisor::Parts::log(const std::string& text) const {
    if (options.log) options.log(text);
}

// ---- the outside --------------------------------------------------------------------------------

Supervisor::Supervisor(boost::asio::io_context& loop, UnitBackend& backend, Options options)
    : parts_(std::make_shared<Parts>(loop, backend, std::move(options))) {}

Supervisor::~Supervisor() = default;

void Supervisor::open() {
    parts_->open();
}

void Supervisor::reread() {
    parts_->folder.reread();
    // Files that the inis name may have changed where the inis have not.
    parts_->take(FolderContents(parts_->contents));
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
    parts_->start(task, &UnitBackend::start, std::move(done));
}

void Supervisor::restart(const std::string& task, Done done) {
    parts_->start(task, &UnitBackend::restart, std::move(done));
}

void Supervisor::stop(const std::string& task, Done done) {
    parts_->stop(task, std::move(done));
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
