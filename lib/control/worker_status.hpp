// What a worker says of itself, and its wire form: one JSON object on one line. Written by the
// worker (status_socket.hpp), read by dtsd and dtsctl. A reader ignores keys it does not know and
// takes the default for those that are missing: worker and daemon may be of different versions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dts {

enum class TaskState : std::uint8_t {
    starting,   ///< checks, decides where to start, opens the source
    streaming,  ///< applies changes
    caught_up,  ///< applies changes, and the source has nothing more at the moment
    retrying,   ///< waits before it connects again; `reason` says what went wrong
    stopped,    ///< on request
    failed,     ///< ended by an error; `reason` says which
    gap,        ///< the source no longer holds what follows the checkpoint
    finished,   ///< everything it was to do is done (snapshots)
};
/// "starting", "streaming", "caught up", "retrying", "stopped", "failed", "gap", "finished".
std::string_view name_of(TaskState state) noexcept;
std::optional<TaskState> task_state_of(std::string_view name) noexcept;

/// How long groups took from being ready to being durable in the target. Sums since the start of
/// the worker; `counts[i]` are the groups that took at most `bounds_ms[i]` and more than the bound
/// before; the last one takes the rest.
struct LatencyCounts {
    static constexpr std::array<std::uint32_t, 11> bounds_ms = {1,   2,   5,    10,   25,   50,
                                                                100, 250, 1000, 5000, 30000};
    std::array<std::uint64_t, bounds_ms.size() + 1> counts{};
    std::uint64_t sum_us = 0;

    std::uint64_t total() const noexcept;
};

struct WorkerStatus {
    std::string name;
    std::string task_id;
    std::string version;
    std::int64_t pid = 0;

    TaskState state = TaskState::starting;
    std::string reason;           ///< for retrying, failed and gap: the error's words
    std::int64_t since_us = 0;    ///< when it came into this state
    std::int64_t started_us = 0;  ///< when the worker started

    std::string source;  ///< "mysql 127.0.0.1:3306"; never a password
    std::string target;

    std::string checkpoint;  ///< JSON of the last whole transaction that is durable; "" before any
    std::string current;     ///< JSON of the last change that is durable
    std::int64_t recorded_us = 0;  ///< when position.log was last made durable; 0: not yet
    double lag_seconds = -1;       ///< as in monitor.log; -1: not known yet

    std::uint64_t extracted_changes = 0;
    std::uint64_t extracted_bytes = 0;
    std::uint64_t applied_changes = 0;
    std::uint64_t applied_bytes = 0;
    double extracted_per_second = 0;  ///< over the last second or so
    double applied_per_second = 0;
    std::uint64_t queue_bytes = 0;
    LatencyCounts apply_latency;

    std::uint64_t retries = 0;
    std::string last_error;  ///< the last one that was met, also where a retry helped
    std::int64_t last_error_us = 0;
};

/// One line, without its end. Text that is no UTF-8 is replaced, so that it always is JSON.
std::string to_json(const WorkerStatus& status);
/// Throws Error{bug} for what is no such object.
WorkerStatus worker_status_of(std::string_view json);

}  // namespace dts
