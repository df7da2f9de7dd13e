#include "test/integration/daemon_ground.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "lib/base/error.hpp"
#include "test/servers/folder_watch.hpp"
#include "test/servers/worker_process.hpp"

namespace dts::test {

namespace fs = std::filesystem;

namespace {

fs::path program(std::string_view name) {
    return worker_program().parent_path() / name;
}

}  // namespace

bool streams(const TaskView& view) {
    return view.worker.has_value() && view.unit.active == UnitState::Active::running &&
           (view.state == TaskState::streaming || view.state == TaskState::caught_up);
}

DaemonGround::DaemonGround() {
    fs::create_directories(tasks());
    fs::create_directories(run_folder());
    write_file(defaults(), "[resumer]\nresume_from_log=true\n");
}

Command DaemonGround::dtsd_command() const {
    Command command;
    command.args = {program("dtsd").string(),
                    "--config",
                    defaults().string(),
                    "--tasks",
                    tasks().string(),
                    "--backend",
                    "process",
                    "--run-dir",
                    run_folder().string(),
                    "--log-dir",
                    (folder_ / "log").string(),
                    "--metrics-address",
                    ""};
    command.stdout_file = command.stderr_file = folder_ / "dtsd.log";
    return command;
}

void DaemonGround::start() {
    dtsd_ = std::make_unique<ChildProcess>(dtsd_command());
    const auto answers = [this] {
        return ControlClient::connect(run_folder() / "control.sock").has_value();
    };
    if (wait_until(run_folder(), answers, std::chrono::seconds(20), dtsd_.get()) !=
        WaitResult::done) {
        throw std::runtime_error("dtsd does not answer:\n" + log());
    }
}

ExitStatus DaemonGround::stop() {
    dtsd_->signal(15);
    const auto status = dtsd_->wait(std::chrono::seconds(30));
    if (!status) throw std::runtime_error("dtsd does not end:\n" + log());
    return *status;
}

void DaemonGround::kill() {
    dtsd_->signal(9);
    dtsd_->wait(std::chrono::seconds(10));
}

void DaemonGround::put(const std::string& task, const TaskIni& ini) const {
    put(task, ini.text());
}

void DaemonGround::put(const std::string& task, const std::string& text) const {
    write_file(folder_ / "unfinished", text);
    fs::rename(folder_ / "unfinished", tasks() / (task + ".ini"));
}

void DaemonGround::remove(const std::string& task) const {
    fs::remove(tasks() / (task + ".ini"));
}

void DaemonGround::wait(std::string_view what, const std::function<bool(std::string_view)>& is_so,
                        std::chrono::milliseconds timeout) const {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    auto client = ControlClient::connect(run_folder() / "control.sock");
    if (!client) throw std::runtime_error("dtsd is not there:\n" + log());
    client->send({"watch", "", ""});
    std::string last;
    while (std::chrono::steady_clock::now() < deadline) {
        if (const auto line = client->take_line()) {
            last = parse_answer(*line).result;
            if (is_so(last)) return;
        } else {
            client->wait(std::chrono::milliseconds(500));
        }
    }
    throw std::runtime_error(
        fmt::format("it did not come to this: {}\n{}\n--- its log\n{}", what, last, log()));
}

TaskView DaemonGround::wait_for(const std::string& task, std::string_view what,
                                const Condition& is_so, std::chrono::milliseconds timeout) const {
    TaskView found;
    wait(
        fmt::format("task {} {}", task, what),
        [&](std::string_view list) {
            for (const TaskView& view : task_views_of(list)) {
                if (view.name != task || !is_so(view)) continue;
                found = view;
                return true;
            }
            return false;
        },
        timeout);
    return found;
}

TaskView DaemonGround::wait_until_streams(const std::string& task) const {
    return wait_for(task, "streams", streams);
}

void DaemonGround::wait_until_gone(const std::string& task) const {
    wait(
        task + " is gone",
        [&](std::string_view list) {
            const auto views = task_views_of(list);
            return std::ranges::none_of(views,
                                        [&](const TaskView& view) { return view.name == task; });
        },
        std::chrono::seconds(30));
}

TaskView DaemonGround::view(const std::string& task) const {
    auto client = ControlClient::connect(run_folder() / "control.sock");
    if (!client) throw std::runtime_error("dtsd is not there:\n" + log());
    return task_view_of(client->ask({"task", task, ""}).result);
}

Command DaemonGround::ctl_command(const std::vector<std::string>& args) const {
    Command command;
    command.args = {program("dtsctl").string(), "--run-dir", run_folder().string(),    "--tasks",
                    tasks().string(),           "--config",  defaults().string(),      "--log-dir",
                    (folder_ / "log").string(), "--worker",  worker_program().string()};
    command.args.insert(command.args.end(), args.begin(), args.end());
    return command;
}

DaemonGround::Outcome DaemonGround::ctl(const std::vector<std::string>& args) const {
    const TempFolder output("ctl");
    Command command = ctl_command(args);
    command.stdout_file = output / "out";
    command.stderr_file = output / "err";
    ChildProcess process(command);
    const auto status = process.wait(std::chrono::seconds(60));
    if (!status) throw std::runtime_error("dtsctl does not end");
    return {status->code, read_file(output / "out"), read_file(output / "err")};
}

}  // namespace dts::test
