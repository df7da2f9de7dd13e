// What a task says of itself while it runs.
#include <fmt/format.h>

#include <algorithm>
#include <unistd.h>

#include "lib/base/clock_text.hpp"
#include "lib/task/monitor.hpp"
#include "lib/task/task.hpp"

namespace dts {

namespace {

std::string_view name_of(DbType type) {
    switch (type) {
        case DbType::mysql:
            return "mysql";
        case DbType::pg:
            return "pg";
        case DbType::mongo:
            return "mongo";
    }
    return "?";
}

std::string name_of(const EndpointConfig& endpoint) {
    return fmt::format("{} {}", name_of(endpoint.db_type), endpoint.display_name());
}

std::string target_of(const TaskConfig& config) {
    switch (config.sinker.sink_type) {
        case SinkType::sql:
            return fmt::format("sql {}", (config.runtime.log_dir / "sql.log").string());
        case SinkType::dummy:
            return "dummy";
        case SinkType::write:
        case SinkType::check:
        case SinkType::structure:
            break;
    }
    return config.sinker.endpoint ? name_of(*config.sinker.endpoint) : "?";
}

LatencyCounts counts_of(const ApplyLatency& latency) {
    static_assert(ApplyLatency::bounds_ms == LatencyCounts::bounds_ms);
    LatencyCounts counts;
    std::copy(latency.counts.begin(), latency.counts.end(), counts.counts.begin());
    counts.sum_us = latency.sum_us;
    return counts;
}

}  // namespace

void Task::look() {
    const bool is_idle = is_caught_up();
    if (is_idle && progress_.oldest_unapplied_us == 0) progress_.caught_up_at_us = now_us();
    bool has_all = false;
    {
        const std::lock_guard lock(pulse_mutex_);
        pulse_.look(progress_, is_idle);
        has_all = pulse_.has_all();
    }
    board_.streams(has_all);
}

bool Task::is_alive() const {
    const std::lock_guard lock(pulse_mutex_);
    return pulse_.is_alive();
}

WorkerStatus Task::status() const {
    WorkerStatus status;
    status.name = config_.name;
    status.task_id = config_.global.task_id;
    status.version = DTS_VERSION;
    status.pid = ::getpid();
    status.started_us = started_us_;
    status.source = name_of(config_.extractor.endpoint);
    status.target = target_of(config_);
    board_.fill(status);
    status.lag_seconds = lag_seconds(progress_, is_caught_up(), now_us());
    status.extracted_changes = progress_.extracted_changes;
    status.extracted_bytes = progress_.extracted_bytes;
    status.applied_changes = progress_.applied_changes;
    status.applied_bytes = progress_.applied_bytes;
    status.queue_bytes = progress_.queue_bytes;
    status.apply_latency = counts_of(progress_.apply_latency);
    const std::lock_guard lock(pulse_mutex_);
    status.extracted_per_second = pulse_.rates().extracted_per_second;
    status.applied_per_second = pulse_.rates().applied_per_second;
    return status;
}

}  // namespace dts
