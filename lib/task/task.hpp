// One task: where it starts, its pipeline, its records, and what happens when something fails.
// run() belongs to one thread; everything else may come from any other.
//
// Order at start: lock the log directory, check source and target, decide where to start, open the
// source there, record that position durably, and only then apply the first change.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "lib/base/error.hpp"
#include "lib/checkpoint/checkpoint_service.hpp"
#include "lib/config/task_config.hpp"
#include "lib/pipeline/filter.hpp"
#include "lib/pipeline/pipeline.hpp"
#include "lib/pipeline/router.hpp"
#include "lib/task/factory.hpp"
#include "lib/task/pulse.hpp"
#include "lib/task/resume.hpp"
#include "lib/task/status_board.hpp"
#include "lib/task/task_log.hpp"

namespace dts {

class HeartbeatWriter;

class Task {
  public:
    /// Throws Error{config} for rules of filter and router that are wrong. `on_state` is called by
    /// any thread of the task, and must not wait.
    explicit Task(TaskConfig config, OnTaskState on_state = {});
    ~Task();

    /// Until stop(), or an Error that retries do not help against. What ends it is in default.log.
    void run();

    void stop() noexcept;
    /// For a target that does not answer while the task stops: ends its transaction.
    void interrupt_target() noexcept;

    /// To be called about twice a second: finds out whether the source has more, the rates, and
    /// whether the task's threads get on.
    void look();

    /// By the last two looks: no thread of the task hangs in our own code (see Liveness).
    bool is_alive() const;

    /// Waits for no server and no disk.
    WorkerStatus status() const;

  private:
    void run_logged();
    void run_with_retries();
    void log_retry(const Error& error);
    Error end_with(const Error& error);
    void run_once();
    void preflight(Source& source, Sink& sink);
    PositionPtr open(Source& source, Sink& sink);
    void record_start(Sink& sink, const PositionPtr& position);
    void record_identity(const std::string& identity, const Holding& holding);
    void begin_records(const PositionPtr& position);
    void retry_group(const Error& error);
    PositionPtr reopen(Source& source, Sink& sink);
    PositionPtr position_after_error(Sink& sink);
    void stream(Source& source, Sink& sink);
    void applied(PositionPtr current, PositionPtr checkpoint);
    void acknowledge(const Position& position);
    bool is_caught_up() const;
    void fail(std::exception_ptr error);
    void throw_failure();

    TaskConfig config_;
    Filter filter_;
    Router router_;
    CodecRegistry codecs_;
    WorkerIdentity worker_;
    SourceMemory source_memory_;
    std::unique_ptr<LogDirectory> directory_;
    std::unique_ptr<TaskLog> log_;
    std::unique_ptr<CheckpointService> checkpoints_;
    std::unique_ptr<HeartbeatWriter> heartbeat_;
    Progress progress_;
    std::optional<ResumeDecision> decision_;
    bool is_recorded_ = false;     ///< the start position is durable
    PositionPtr last_checkpoint_;  ///< handed on by the pipeline
    std::stop_source stop_;

    StatusBoard board_;
    bool retries_group_ = false;      ///< of the writing thread
    mutable std::mutex pulse_mutex_;  ///< guards pulse_
    Pulse pulse_;
    const std::int64_t started_us_;

    mutable std::mutex running_mutex_;  ///< guards what other threads reach
    Source* running_source_ = nullptr;
    Sink* running_sink_ = nullptr;
    Pipeline* running_pipeline_ = nullptr;
    std::exception_ptr failure_;
};

}  // namespace dts
