// A dts-worker as a test runs it: started with an ini and a log directory, watched through the
// files it writes, stopped by signals.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "test/servers/child_process.hpp"
#include "test/servers/database_server.hpp"
#include "test/servers/task_ini.hpp"

namespace dts::test {

/// The worker under test: DTS_WORKER, else daemon/dts-worker of the build that this program is of.
std::filesystem::path worker_program();

/// What a worker that has ended left behind.
struct WorkerOutcome {
    ExitStatus status;
    std::string output;  ///< standard output and standard error, as they came
};

class WorkerProcess {
  public:
    struct Options {
        std::vector<std::string> args;  ///< after the ini and --log-dir
        std::vector<std::pair<std::string, std::string>> environment;
        std::filesystem::path working_folder;  ///< where the ini's relative paths start
    };

    /// Starts `dts-worker FOLDER/NAME.ini --log-dir FOLDER/NAME`. The log directory is made when it
    /// is not there.
    WorkerProcess(const TaskIni& ini, const std::filesystem::path& folder,
                  const Options& options = {}, std::string_view name = "task");

    /// The next line of default.log that contains `text`, from the start of this worker on. Throws,
    /// with what the worker wrote, when it ends or the time is up before there is one.
    std::string wait_for_line(std::string_view text,
                              std::chrono::milliseconds timeout = std::chrono::seconds(30));
    /// Returns when a checkpoint at or behind `end` is recorded: all before it is in the target.
    /// Compares file and offset.
    void wait_for_checkpoint(const BinlogEnd& end,
                             std::chrono::milliseconds timeout = std::chrono::seconds(60));
    /// The same for a place in a Postgres log ("0/1929D38").
    void wait_for_checkpoint(const std::string& lsn,
                             std::chrono::milliseconds timeout = std::chrono::seconds(60));
    /// Waits for a condition on the log directory, looked at after each change there.
    void wait_for(std::string_view what, const std::function<bool()>& done,
                  std::chrono::milliseconds timeout = std::chrono::seconds(30));

    void terminate() { process_->signal(15); }
    void kill() { process_->signal(9); }
    void signal(int number) { process_->signal(number); }
    bool is_running() { return process_->is_running(); }
    pid_t pid() const noexcept { return process_->pid(); }
    /// Throws when it does not end in time.
    WorkerOutcome wait_for_exit(std::chrono::milliseconds timeout = std::chrono::seconds(30));
    /// SIGTERM, and its end.
    WorkerOutcome stop() { return terminate(), wait_for_exit(); }

    const std::filesystem::path& log_folder() const noexcept { return log_folder_; }
    std::string output() const { return read_file(output_file_); }
    std::string default_log() const { return read_file(log_folder_ / "default.log"); }

  private:
    [[noreturn]] void fail(std::string_view what);

    std::filesystem::path log_folder_;
    std::filesystem::path output_file_;
    std::size_t log_start_ = 0;
    std::unique_ptr<ChildProcess> process_;
};

/// Runs `dts-worker ARGS...` to its end.
WorkerOutcome run_worker(const std::vector<std::string>& args,
                         const std::filesystem::path& working_folder = {},
                         std::chrono::milliseconds timeout = std::chrono::seconds(60));

/// The JSON of the last whole record of a kind ("checkpoint_position", "current_position") in a log
/// directory's position.log; empty when there is none.
std::string last_record(const std::filesystem::path& log_folder, std::string_view kind);

/// A field of such a JSON, as text; empty when it has none.
std::string json_field(const std::string& json, const std::string& name);

}  // namespace dts::test
