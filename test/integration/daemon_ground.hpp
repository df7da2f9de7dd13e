// A dtsd with the process backend, as an integration test runs it: its folders, its process, and
// what it says on its control socket.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/control/control_client.hpp"
#include "daemon/supervisor/task_view.hpp"
#include "test/servers/child_process.hpp"
#include "test/servers/task_ini.hpp"
#include "test/servers/temp_folder.hpp"

namespace dts::test {

class DaemonGround {
  public:
    using Condition = std::function<bool(const TaskView&)>;

    DaemonGround();

    /// Starts dtsd and waits until it answers.
    void start();
    /// SIGTERM, and its end.
    ExitStatus stop();
    void kill();
    pid_t pid() const { return dtsd_->pid(); }
    void hang_up() { dtsd_->signal(1); }

    std::filesystem::path tasks() const { return folder_ / "etc/tasks.d"; }
    std::filesystem::path defaults() const { return folder_ / "etc/dts.conf"; }
    std::filesystem::path log_folder(const std::string& task) const {
        return folder_ / "log" / task;
    }
    std::filesystem::path run_folder() const { return folder_ / "run"; }
    std::string log() const { return read_file(folder_ / "dtsd.log"); }

    /// Drops an ini into the folder, in one step.
    void put(const std::string& task, const TaskIni& ini) const;
    void put(const std::string& task, const std::string& text) const;
    void remove(const std::string& task) const;

    /// Follows "watch" until the task is so. Throws, with dtsd's log, when it is not in time.
    TaskView wait_for(const std::string& task, std::string_view what, const Condition& is_so,
                      std::chrono::milliseconds timeout = std::chrono::seconds(40)) const;
    TaskView wait_until_streams(const std::string& task) const;
    void wait_until_gone(const std::string& task) const;
    TaskView view(const std::string& task) const;

    struct Outcome {
        int code = 0;
        std::string out, err;
    };
    /// `dtsctl ARGS...` for this dtsd.
    Outcome ctl(const std::vector<std::string>& args) const;
    /// The same, for the test to start.
    Command ctl_command(const std::vector<std::string>& args) const;
    Command dtsd_command() const;

  private:
    void wait(std::string_view what, const std::function<bool(std::string_view list)>& is_so,
              std::chrono::milliseconds timeout) const;

    TempFolder folder_{"dtsd"};
    std::unique_ptr<ChildProcess> dtsd_;
};

/// Whether it streams, or has caught up.
bool streams(const TaskView& view);

}  // namespace dts::test
