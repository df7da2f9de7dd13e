// Made-up tasks in every state, for the tests of the page and of the metrics.
#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "daemon/supervisor/task_view.hpp"

namespace dts::test {

inline constexpr std::int64_t sample_now_us = 1'795'653'667'000'000;  // 2026-11-26 00:41:07 UTC
inline constexpr std::int64_t second_us = 1'000'000;

class SampleTasks {
  public:
    explicit SampleTasks(std::int64_t now_us = sample_now_us) : now_us_(now_us) {}

    std::vector<const TaskView*> views() const {
        std::vector<const TaskView*> views;
        for (const auto& task : tasks_) views.push_back(task.get());
        return views;
    }

    TaskView& add(std::string name, TaskState state) {
        TaskView& task = *tasks_.emplace_back(std::make_unique<TaskView>());
        task.name = name;
        task.ini = "/etc/dts/tasks.d/" + name + ".ini";
        task.log_directory = "/var/log/dts/" + name;
        task.state = state;
        task.since_us = now_us_ - 3 * 3600 * second_us;
        task.source = "mysql 10.0.0.4:3306";
        task.target = "mysql 10.0.0.9:3306";
        return task;
    }

    /// A task whose worker runs.
    TaskView& add_running(std::string name, TaskState state, double lag_seconds) {
        TaskView& task = add(std::move(name), state);
        task.unit.active = UnitState::Active::running;
        task.unit.pid = 4711;
        WorkerStatus& worker = task.worker.emplace();
        worker.name = task.name;
        worker.task_id = task.name + "@10.0.0.4:3306->10.0.0.9:3306";
        worker.version = "0.1.0";
        worker.pid = 4711;
        worker.state = state;
        worker.started_us = now_us_ - 3 * 3600 * second_us - second_us;
        worker.checkpoint =
            R"({"type":"MysqlCdc","server_id":"","binlog_filename":"mysql-bin.000036","next_event_position":211094934,"gtid_set":"","timestamp":"2026-11-26 00:41:05.000"})";
        worker.current = worker.checkpoint;
        worker.recorded_us = now_us_ - 4 * second_us;
        worker.lag_seconds = lag_seconds;
        worker.extracted_changes = 48'211'904;
        worker.extracted_bytes = 9'412'331'520;
        worker.applied_changes = 48'211'377;
        worker.applied_bytes = 9'412'228'096;
        worker.extracted_per_second = 1270;
        worker.applied_per_second = 1234;
        worker.queue_bytes = 105'472;
        worker.apply_latency.counts = {120, 4000, 9000, 2500, 700, 90, 30, 8, 2, 0, 0, 0};
        worker.apply_latency.sum_us = 71'500'000;
        return task;
    }

    /// `lag_at(minutes ago)` every ten seconds over the last hour.
    template <typename LagAt>
    void give_history(TaskView& task, LagAt lag_at) const {
        task.lag_history.clear();
        for (int i = 359; i >= 0; --i) {
            task.lag_history.push_back({now_us_ - i * 10 * second_us, lag_at(i / 6.0)});
        }
    }

    /// One of each kind.
    void add_all_kinds();
    /// `count` that keep up, among them some that lag.
    void add_many(int count);

    std::int64_t now_us() const { return now_us_; }

  private:
    std::int64_t now_us_;
    std::vector<std::unique_ptr<TaskView>> tasks_;
};

inline void SampleTasks::add_all_kinds() {
    const auto calm = [](double minutes) {
        return 0.04 + 0.3 * std::fabs(std::sin(minutes * 7.1) * std::sin(minutes * 1.3));
    };
    give_history(add_running("shop-orders", TaskState::caught_up, 0), calm);

    TaskView& batch = add_running("billing", TaskState::streaming, 42.4);
    batch.worker->applied_per_second = 38'200;
    give_history(batch, [](double minutes) {
        return minutes > 38 ? 0.5 + 0.3 * std::sin(minutes * 3)
                            : 42 + 190 * std::sin(minutes / 38 * 3.14159) *
                                       (1 + 0.1 * std::sin(minutes * 5));
    });

    TaskView& retrying = add_running("crm-mirror", TaskState::retrying, 95);
    retrying.reason =
        "cannot connect to target 10.0.0.9:3306: Connection refused (111), HINT: is the server up?";
    retrying.since_us = now_us_ - 94 * second_us;
    retrying.unit.restarts = 1;
    retrying.worker->retries = 7;
    retrying.worker->applied_per_second = 0;
    retrying.worker->last_error = "lost connection to target 10.0.0.9:3306: Broken pipe (32)";
    retrying.worker->last_error_us = now_us_ - 12 * second_us;
    give_history(retrying, [&](double minutes) {
        return minutes > 1.6 ? calm(minutes) : (1.6 - minutes) * 60;
    });

    TaskView& failed = add("inventory", TaskState::failed);
    failed.reason =
        "table shop.stock, key (id=4711): Duplicate entry 'A-1' for key 'sku' (1062), position "
        "mysql-bin.000036:98112, HINT: the target holds a row that the source does not have; "
        "remove it, or set "
        "[sinker] replace=true";
    failed.since_us = now_us_ - 26 * 60 * second_us;
    failed.unit.active = UnitState::Active::failed;
    failed.unit.exit_code = 76;
    failed.unit.since_us = failed.since_us;
    give_history(failed, [&](double minutes) { return minutes > 26 ? calm(minutes) : -1; });

    TaskView& gap = add("archive", TaskState::gap);
    gap.reason =
        "source 10.0.0.4:3306 no longer holds mysql-bin.000011, which follows the checkpoint; it "
        "has "
        "mysql-bin.000019 and later, HINT: restore the binlogs, or copy the tables anew and give a "
        "new position";
    gap.since_us = now_us_ - 2 * 86400 * second_us;
    gap.unit.active = UnitState::Active::failed;
    gap.unit.exit_code = 66;

    TaskView& edited = add_running("web-analytics", TaskState::caught_up, 0);
    edited.ini_problem =
        "/etc/dts/tasks.d/web-analytics.ini: [sinker] batch_sise: no such key, HINT: did you mean "
        "batch_size?";
    give_history(edited, calm);

    add("nightly-copy", TaskState::finished).since_us = now_us_ - 5 * 3600 * second_us;
    add("legacy", TaskState::stopped).enabled = false;
    add("staging", TaskState::stopped).reason = "stopped by root";
    add_running("loyalty", TaskState::starting, -1).worker->checkpoint.clear();
}

inline void SampleTasks::add_many(int count) {
    for (int i = 0; i < count; ++i) {
        const bool lags = i % 9 == 4;
        TaskView& task =
            add_running("tenant-" + std::to_string(100 + i),
                        lags ? TaskState::streaming : TaskState::caught_up, lags ? 1.7 + i % 7 : 0);
        task.worker->applied_per_second = lags ? 900 + 37 * i : 3 * (i % 11);
        give_history(task, [i, lags](double minutes) {
            const double wave = std::fabs(std::sin(minutes * (0.05 + 0.01 * (i % 13)) + i));
            return lags ? 6 * wave : 0.6 * wave * wave;
        });
    }
}

}  // namespace dts::test
