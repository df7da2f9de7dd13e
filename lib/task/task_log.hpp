// default.log and monitor.log of a task, in the log directory. Lines of default.log have the form
// `YYYY-MM-DD hh:mm:ss.ffffff - LEVEL - [thread id] - message`, in UTC; warnings and errors also go
// to standard error. A file that was moved away (logrotate) is made anew with the next line. Any
// thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

namespace spdlog {
class logger;
}

namespace dts {

enum class LogSeverity { trace, debug, info, warn, error };

class TaskLog {
  public:
    /// Throws Error{log_directory} when the files cannot be opened.
    TaskLog(const std::filesystem::path& directory, LogSeverity least);
    ~TaskLog();

    void info(std::string_view message);
    void warn(std::string_view message);
    void error(std::string_view message);

    /// A line of monitor.log: `time | text`.
    void monitor(std::string_view text);

  private:
    std::unique_ptr<spdlog::logger> default_;
    std::unique_ptr<spdlog::logger> monitor_;
};

}  // namespace dts
