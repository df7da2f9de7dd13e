#include "lib/task/task_log.hpp"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "lib/base/error.hpp"

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
        auto file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(
            (directory / "default.log").string());
        auto console = std::make_shared<spdlog::sinks::stderr_sink_mt>();
        console->set_level(spdlog::level::warn);
        default_ =
            std::make_unique<spdlog::logger>("default", spdlog::sinks_init_list{file, console});
        default_->set_formatter(formatter("%Y-%m-%d %H:%M:%S.%f - %N - [%t] - %v"));
        default_->set_level(level_of(least));
        default_->flush_on(spdlog::level::trace);
        auto monitor = std::make_shared<spdlog::sinks::basic_file_sink_mt>(
            (directory / "monitor.log").string());
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
