#include "lib/task/task_log.hpp"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "lib/base/file_handle.hpp"

namespace dts {

namespace {

class CapitalLevel final : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message, const std::tm&,
                spdlog::memory_buf_t& out) override {
        const std::string_view name = message.level == spdlog::level::trace   ? "TRACE"
                                      : message.level == spdlog::level::debug ? "DEBUG"
                                      : message.level == spdlog::level::info  ? "INFO"
                                      : message.level == spdlog::level::warn  ? "WARN"
                                                                              : "ERROR";
        out.append(name.data(), name.data() + name.size());
    }
    std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<CapitalLevel>();
    }
};

/// Appends to a file, and to a new one of its name once it was moved away or removed: logrotate
/// need not copy and cut it, which would lose what is written meanwhile.
class AppendedFile final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    explicit AppendedFile(std::filesystem::path path) : path_(std::move(path)), file_(open()) {
        if (!file_) spdlog::throw_spdlog_ex("opening " + path_.string(), errno);
    }

  protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        if (was_moved()) {
            // Else it is written on to where it is now: better there than nowhere.
            if (FileHandle fresh = open()) file_ = std::move(fresh);
        }
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        const char* from = line.data();
        for (std::size_t left = line.size(); left > 0;) {
            const ssize_t written = ::write(file_.get(), from, left);
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) spdlog::throw_spdlog_ex("writing " + path_.string(), errno);
            from += written;
            left -= static_cast<std::size_t>(written);
        }
    }
    void flush_() override {}

  private:
    FileHandle open() const {
        constexpr mode_t readable = 0644;  // less what the umask takes
        return FileHandle(
            ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, readable));
    }
    bool was_moved() const {
        struct stat named {};
        struct stat opened {};
        if (::stat(path_.c_str(), &named) != 0) return errno == ENOENT;
        return ::fstat(file_.get(), &opened) == 0 &&
               (named.st_ino != opened.st_ino || named.st_dev != opened.st_dev);
    }

    const std::filesystem::path path_;
    FileHandle file_;
};

std::unique_ptr<spdlog::formatter> formatter(const std::string& pattern) {
    auto result = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    result->add_flag<CapitalLevel>('N').set_pattern(pattern);
    return result;
}

spdlog::level::level_enum level_of(LogSeverity severity) {
    switch (severity) {
        case LogSeverity::trace:
            return spdlog::level::trace;
        case LogSeverity::debug:
            return spdlog::level::debug;
        case LogSeverity::info:
            return spdlog::level::info;
        case LogSeverity::warn:
            return spdlog::level::warn;
        case LogSeverity::error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

/// A full disk must not end the task because of a log line: position.log decides that.
void ignore_failures(spdlog::logger& logger) {
    logger.set_error_handler([](const std::string&) {});
}

}  // namespace

TaskLog::TaskLog(const std::filesystem::path& directory, LogSeverity least) {
    try {
        auto file = std::make_shared<AppendedFile>(directory / "default.log");
        auto console = std::make_shared<spdlog::sinks::stderr_sink_mt>();
        console->set_level(spdlog::level::warn);
        default_ =
            std::make_unique<spdlog::logger>("default", spdlog::sinks_init_list{file, console});
        default_->set_formatter(formatter("%Y-%m-%d %H:%M:%S.%f - %N - [%t] - %v"));
        default_->set_level(level_of(least));
        default_->flush_on(spdlog::level::trace);
        auto monitor = std::make_shared<AppendedFile>(directory / "monitor.log");
        monitor_ = std::make_unique<spdlog::logger>("monitor", monitor);
        monitor_->set_formatter(formatter("%Y-%m-%d %H:%M:%S.%f | %v"));
        monitor_->flush_on(spdlog::level::trace);
        ignore_failures(*default_);
        ignore_failures(*monitor_);
    } catch (const spdlog::spdlog_ex& error) {
        throw Error(ErrorKind::log_directory,
                    fmt::format("opening default.log and monitor.log in {}: {}", directory.string(),
                                error.what()));
    }
}

TaskLog::~TaskLog() = default;

void TaskLog::info(std::string_view message) {
    default_->info(message);
}
void TaskLog::warn(std::string_view message) {
    default_->warn(message);
}
void TaskLog::error(std::string_view message) {
    default_->error(message);
}
void TaskLog::monitor(std::string_view text) {
    monitor_->info(text);
}

}  // namespace dts
