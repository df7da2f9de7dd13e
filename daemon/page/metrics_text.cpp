#include "daemon/page/metrics_text.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <iterator>

#include "lib/base/utf8.hpp"

namespace dts {

namespace {

constexpr std::array all_states = {TaskState::starting, TaskState::streaming, TaskState::caught_up,
                                   TaskState::retrying, TaskState::stopped,   TaskState::failed,
                                   TaskState::gap,      TaskState::finished};

/// As a label: "caught_up".
std::string state_label(TaskState state) {
    std::string label(name_of(state));
    for (char& c : label) {
        if (c == ' ') c = '_';
    }
    return label;
}

std::string label_value(std::string_view text) {
    std::string escaped;
    for (const char c : valid_utf8(text)) {
        if (c == '\\' || c == '"') escaped += '\\';
        if (c == '\n') {
            escaped += "\\n";
        } else {
            escaped += c;
        }
    }
    return escaped;
}

double seconds(std::int64_t microseconds) {
    return static_cast<double>(microseconds) / 1e6;
}

/// All samples of one name must stand together, so metrics are the outer loop and tasks the inner.
class MetricsWriter {
  public:
    MetricsWriter(const std::vector<const TaskView*>& tasks) : tasks_(tasks) {
        labels_.reserve(tasks.size());
        for (const TaskView* task : tasks) labels_.push_back(label_value(task->name));
    }

    /// `value_of(task)` gives an optional; nothing is written where it is empty.
    template <typename ValueOf>
    void family(std::string_view name, std::string_view type, std::string_view help,
                ValueOf value_of) {
        begin(name, type, help);
        for (std::size_t i = 0; i < tasks_.size(); ++i) {
            if (const auto value = value_of(*tasks_[i])) {
                print("{}{{task=\"{}\"}} {}\n", name, labels_[i], *value);
            }
        }
    }

    /// As above, of what the worker says of itself: absent while there is none.
    template <typename ValueOf>
    void worker_family(std::string_view name, std::string_view type, std::string_view help,
                       ValueOf value_of) {
        family(name, type, help, [&](const TaskView& task) {
            using Value = decltype(value_of(*task.worker));
            return task.worker ? std::optional<Value>(value_of(*task.worker)) : std::nullopt;
        });
    }

    /// Calls `write(task, label)` for each task.
    template <typename Write>
    void each(std::string_view name, std::string_view type, std::string_view help, Write write) {
        begin(name, type, help);
        for (std::size_t i = 0; i < tasks_.size(); ++i) write(*tasks_[i], labels_[i]);
    }

    template <typename... Values>
    void print(fmt::format_string<Values...> format, Values&&... values) {
        fmt::format_to(std::back_inserter(text_), format, std::forward<Values>(values)...);
    }

    std::string take() { return std::move(text_); }

  private:
    void begin(std::string_view name, std::string_view type, std::string_view help) {
        print("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
    }

    const std::vector<const TaskView*>& tasks_;
    std::vector<std::string> labels_;
    std::string text_;
};

void write_states(MetricsWriter& out) {
    out.each("dts_task_state", "gauge", "1 for the state that the task is in, 0 for the others.",
             [&](const TaskView& task, const std::string& label) {
                 for (const TaskState state : all_states) {
                     out.print("dts_task_state{{task=\"{}\",state=\"{}\"}} {}\n", label,
                               state_label(state), task.state == state ? 1 : 0);
                 }
             });
    out.family("dts_task_up", "gauge",
               "1 while the task applies changes (streaming or caught up), else 0.",
               [](const TaskView& task) {
                   const bool up =
                       task.state == TaskState::streaming || task.state == TaskState::caught_up;
                   return std::optional(up ? 1 : 0);
               });
    out.family("dts_task_enabled", "gauge", "1 when the task's ini wants it to run, else 0.",
               [](const TaskView& task) { return std::optional(task.enabled ? 1 : 0); });
    out.family(
        "dts_task_ini_valid", "gauge", "0 when the task's ini as it stands cannot be used, else 1.",
        [](const TaskView& task) { return std::optional(task.ini_problem.empty() ? 1 : 0); });
    out.family("dts_task_state_timestamp_seconds", "gauge",
               "When the task came into its state, in seconds since the epoch.",
               [](const TaskView& task) {
                   return task.since_us > 0 ? std::optional(seconds(task.since_us)) : std::nullopt;
               });
    out.family("dts_task_restarts_total", "counter",
               "Restarts of the worker that nobody asked for.",
               [](const TaskView& task) { return std::optional(task.unit.restarts); });
}

void write_progress(MetricsWriter& out, std::int64_t now_us) {
    out.family("dts_task_lag_seconds", "gauge",
               "Age of the oldest change that was read and is not applied; 0 when caught up.",
               [](const TaskView& task) -> std::optional<double> {
                   if (!task.worker || !(task.worker->lag_seconds >= 0)) return std::nullopt;
                   return task.worker->lag_seconds;
               });
    out.family("dts_task_checkpoint_age_seconds", "gauge",
               "Time since position.log was last made durable.",
               [now_us](const TaskView& task) -> std::optional<double> {
                   if (!task.worker || task.worker->recorded_us <= 0) return std::nullopt;
                   return std::max(0.0, seconds(now_us - task.worker->recorded_us));
               });
    const auto count = [&](std::string_view name, std::string_view help,
                           std::uint64_t WorkerStatus::*field) {
        out.worker_family(name, "counter", help,
                          [field](const WorkerStatus& worker) { return worker.*field; });
    };
    count("dts_task_extracted_changes_total", "Row changes read from the source.",
          &WorkerStatus::extracted_changes);
    count("dts_task_extracted_bytes_total", "Bytes read from the source.",
          &WorkerStatus::extracted_bytes);
    count("dts_task_applied_changes_total", "Row changes made durable in the target.",
          &WorkerStatus::applied_changes);
    count("dts_task_applied_bytes_total", "Bytes of the changes made durable in the target.",
          &WorkerStatus::applied_bytes);
    out.worker_family("dts_task_queue_bytes", "gauge", "Bytes read and not yet applied.",
                      [](const WorkerStatus& worker) { return worker.queue_bytes; });
}

void write_latency(MetricsWriter& out) {
    out.each(
        "dts_task_apply_latency_seconds", "histogram",
        "Time from a group of changes being ready to its being durable in the target.",
        [&](const TaskView& task, const std::string& label) {
            if (!task.worker) return;
            const LatencyCounts& latency = task.worker->apply_latency;
            std::uint64_t up_to = 0;
            for (std::size_t i = 0; i < latency.counts.size(); ++i) {
                up_to += latency.counts[i];
                const std::string bound = i < latency.bounds_ms.size()
                                              ? fmt::format("{}", latency.bounds_ms[i] / 1e3)
                                              : "+Inf";
                out.print("dts_task_apply_latency_seconds_bucket{{task=\"{}\",le=\"{}\"}} {}\n",
                          label, bound, up_to);
            }
            out.print("dts_task_apply_latency_seconds_sum{{task=\"{}\"}} {}\n", label,
                      static_cast<double>(latency.sum_us) / 1e6);
            out.print("dts_task_apply_latency_seconds_count{{task=\"{}\"}} {}\n", label, up_to);
        });
}

void write_worker(MetricsWriter& out) {
    out.worker_family("dts_task_retries_total", "counter",
                      "Retries after transient errors, by the running worker.",
                      [](const WorkerStatus& worker) { return worker.retries; });
    out.family("dts_task_last_error_timestamp_seconds", "gauge",
               "When the running worker last met an error, in seconds since the epoch.",
               [](const TaskView& task) -> std::optional<double> {
                   if (!task.worker || task.worker->last_error_us <= 0) return std::nullopt;
                   return seconds(task.worker->last_error_us);
               });
    out.family("dts_task_worker_start_time_seconds", "gauge",
               "When the running worker started, in seconds since the epoch.",
               [](const TaskView& task) -> std::optional<double> {
                   if (!task.worker || task.worker->started_us <= 0) return std::nullopt;
                   return seconds(task.worker->started_us);
               });
    out.each("dts_task_info", "gauge", "Source and target of the task; the value is always 1.",
             [&](const TaskView& task, const std::string& label) {
                 out.print("dts_task_info{{task=\"{}\",source=\"{}\",target=\"{}\"}} 1\n", label,
                           label_value(task.source), label_value(task.target));
             });
}

}  // namespace

std::string metrics_text(const std::vector<const TaskView*>& tasks, std::int64_t now_us) {
    MetricsWriter out(tasks);
    out.print(
        "# HELP dts_build_info The version of dtsd; the value is always 1.\n"
        "# TYPE dts_build_info gauge\n"
        "dts_build_info{{version=\"{}\"}} 1\n",
        label_value(DTS_VERSION));
    write_states(out);
    write_progress(out, now_us);
    write_latency(out);
    write_worker(out);
    return out.take();
}

}  // namespace dts
