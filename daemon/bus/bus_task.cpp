#include "daemon/bus/bus_task.hpp"

#include "daemon/bus/bus.hpp"
#include "lib/base/utf8.hpp"

namespace dts {

namespace {

class Dictionary {
  public:
    explicit Dictionary(sd_bus_message* to) : to_(to) {
        bus_check(sd_bus_message_open_container(to_, 'a', "{sv}"), "replying");
    }
    void close() { bus_check(sd_bus_message_close_container(to_), "replying"); }

    void text(const char* key, std::string_view value) {
        bus_check(sd_bus_message_append(to_, "{sv}", key, "s", bus_text(value).c_str()), key);
    }
    void flag(const char* key, bool value) {
        bus_check(sd_bus_message_append(to_, "{sv}", key, "b", value ? 1 : 0), key);
    }
    void count(const char* key, std::uint64_t value) {
        bus_check(sd_bus_message_append(to_, "{sv}", key, "t", value), key);
    }
    void number(const char* key, std::int64_t value) {
        bus_check(sd_bus_message_append(to_, "{sv}", key, "x", value), key);
    }
    void real(const char* key, double value) {
        bus_check(sd_bus_message_append(to_, "{sv}", key, "d", value), key);
    }

  private:
    sd_bus_message* to_;
};

void append_worker(Dictionary& to, const WorkerStatus& worker) {
    to.text("TaskId", worker.task_id);
    to.text("WorkerVersion", worker.version);
    to.number("StartedTimestamp", worker.started_us);
    to.text("Checkpoint", worker.checkpoint);
    to.text("CurrentPosition", worker.current);
    to.number("RecordedTimestamp", worker.recorded_us);
    to.real("LagSeconds", worker.lag_seconds);
    to.count("ExtractedChanges", worker.extracted_changes);
    to.count("ExtractedBytes", worker.extracted_bytes);
    to.count("AppliedChanges", worker.applied_changes);
    to.count("AppliedBytes", worker.applied_bytes);
    to.real("ExtractedPerSecond", worker.extracted_per_second);
    to.real("AppliedPerSecond", worker.applied_per_second);
    to.count("QueueBytes", worker.queue_bytes);
    to.count("Retries", worker.retries);
    to.text("LastError", worker.last_error);
    to.number("LastErrorTimestamp", worker.last_error_us);
}

}  // namespace

std::string bus_text(std::string_view text) {
    return valid_utf8(text);
}

void append_task_row(sd_bus_message* to, const TaskView& view) {
    bus_check(sd_bus_message_append(
                  to, task_row_type, view.name.c_str(), std::string(name_of(view.state)).c_str(),
                  bus_text(view.reason).c_str(), bus_text(view.source).c_str(),
                  bus_text(view.target).c_str(), view.worker ? view.worker->lag_seconds : -1.0,
                  static_cast<std::uint64_t>(view.since_us)),
              "replying");
}

void append_task(sd_bus_message* to, const TaskView& view) {
    Dictionary task(to);
    task.text("Name", view.name);
    task.text("State", name_of(view.state));
    task.text("Reason", view.reason);
    task.number("StateTimestamp", view.since_us);
    task.text("Source", view.source);
    task.text("Target", view.target);
    task.text("Ini", view.ini.string());
    task.text("IniProblem", view.ini_problem);
    task.flag("Enabled", view.enabled);
    task.text("LogDirectory", view.log_directory.string());
    task.text("UnitState", name_of(view.unit.active));
    task.text("UnitDetail", view.unit.detail);
    task.number("MainPID", view.unit.pid);
    task.count("Restarts", view.unit.restarts);
    if (view.unit.exit_code) task.number("ExitCode", *view.unit.exit_code);
    if (view.unit.signal) task.number("Signal", *view.unit.signal);
    if (view.worker) append_worker(task, *view.worker);
    task.close();
}

}  // namespace dts
