#include "lib/task/task.hpp"

#include <fmt/format.h>

#include <future>

#include "lib/base/activity.hpp"
#include "lib/base/backoff.hpp"
#include "lib/base/clock_text.hpp"
#include "lib/base/error.hpp"
#include "lib/source/heartbeat_writer.hpp"
#include "lib/task/monitor.hpp"

namespace dts {

namespace {

constexpr unsigned most_tries_at_start = 5;
constexpr unsigned most_tries = 12;
constexpr std::chrono::milliseconds first_delay{500};
constexpr std::chrono::milliseconds longest_delay{15'000};

LogSeverity severity_of(LogLevel level) {
    switch (level) {
        case LogLevel::trace:
            return LogSeverity::trace;
        case LogLevel::debug:
            return LogSeverity::debug;
        case LogLevel::info:
            return LogSeverity::info;
        case LogLevel::warn:
            return LogSeverity::warn;
        case LogLevel::error:
            return LogSeverity::error;
    }
    return LogSeverity::info;
}

/// What the operator needs beside the fault itself: the place in the source, and how to go on.
Error with_place(const Error& error, const PositionPtr& checkpoint) {
    const auto hint = [&](const char* otherwise) {
        return error.hint().empty() ? std::string(otherwise) : error.hint();
    };
    if (error.kind() == ErrorKind::data && checkpoint) {
        return {error.kind(), fmt::format("behind {}: {}", checkpoint->to_json(), error.text()),
                hint("the target is as it was there: put right what stands in the way, or leave "
                     "the table out with [filter] ignore_tbs, and start the task again"),
                error.where()};
    }
    if (error.kind() == ErrorKind::durability) {
        return {error.kind(), error.text(),
                hint("make room or mend the disk, and start the task again: it goes on from the "
                     "last position that is durable"),
                error.where()};
    }
    return error;
}

}  // namespace

Task::Task(TaskConfig config, OnTaskState on_state)
    : config_(std::move(config)),
      filter_(filter_rules(config_)),
      router_(router_rules(config_)),
      codecs_(all_codecs()),
      worker_(make_worker_identity(config_.runtime.log_dir)),
      board_(std::move(on_state)),
      started_us_(now_us()) {}

Task::~Task() = default;

void Task::run() {
    const Watched watched(progress_.writer);
    try {
        run_logged();
        board_.enter(stop_.stop_requested() ? TaskState::stopped : TaskState::finished);
    } catch (const Error& error) {
        board_.ends(error.kind() == ErrorKind::gap ? TaskState::gap : TaskState::failed,
                    error.what());
        throw;
    } catch (const std::exception& error) {
        board_.ends(TaskState::failed, error.what());
        throw;
    }
}

void Task::run_logged() {
    directory_ = std::make_unique<LogDirectory>(config_.runtime.log_dir);
    log_ =
        std::make_unique<TaskLog>(config_.runtime.log_dir, severity_of(config_.runtime.log_level));
    try {
        log_->info(fmt::format("task {} starts, dts " DTS_VERSION ", task_id: {}", config_.name,
                               config_.global.task_id));
        for (const std::string& note : config_.notes) log_->warn(note);
        if (filter_.selects_nothing()) {
            log_->warn("[filter] do_dbs and do_tbs are empty: nothing is synced");
        }
        run_with_retries();
        if (checkpoints_) checkpoints_->finish();
        log_->info(fmt::format("task {} stopped, {} changes applied", config_.name,
                               progress_.applied_changes.load()));
    } catch (const Error& error) {
        throw end_with(error);
    } catch (const std::exception& error) {
        throw end_with(Error(ErrorKind::bug, error.what()));
    }
}

/// What was applied is recorded before the task ends, unless recording is what failed. The error,
/// with its place in the source.
Error Task::end_with(const Error& error) {
    if (checkpoints_ && error.kind() != ErrorKind::durability) {
        try {
            checkpoints_->finish();
        } catch (const Error& second) {
            log_->error(second.what());
        }
    }
    Error placed = with_place(error, last_checkpoint_);
    log_->error(
        fmt::format("task {} ends: {}: {}", config_.name, name_of(placed.kind()), placed.what()));
    return placed;
}

void Task::run_with_retries() {
    Backoff backoff(first_delay, longest_delay);
    PositionPtr checkpoint_before;
    for (unsigned tries = 1;; ++tries) {
        try {
            run_once();
            return;
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::transient) throw;
            if (stop_.stop_requested()) return;
            // Only a checkpoint that moved is progress: parts of a transaction may come for ever.
            if (last_checkpoint_ != checkpoint_before) {
                checkpoint_before = last_checkpoint_;
                backoff.reset();
                tries = 1;
            }
            if (tries >= (is_recorded_ ? most_tries : most_tries_at_start)) {
                throw error.as(ErrorKind::unreachable)
                    .in(fmt::format("given up after {} tries", tries));
            }
            log_retry(error);
            if (!backoff.wait(stop_.get_token())) return;
        }
    }
}

/// Of the two threads' errors one alone ends the run.
void Task::log_retry(const Error& error) {
    log_->warn(fmt::format("{}; going on from the last checkpoint", error.what()));
    const auto unstreamed = take_streaming_error(source_memory_);
    if (unstreamed && error.text().find(unstreamed->text()) == std::string::npos)
        log_->warn(unstreamed->what());
    board_.retries(error.what());
}

void Task::run_once() {
    const auto source = make_source(config_, filter_, source_memory_);
    const auto sink = make_sink(config_, worker_);
    struct Registration {
        Task& task;
        Registration(Task& t, Source* source, Sink* sink) : task(t) { set(source, sink); }
        ~Registration() { set(nullptr, nullptr); }
        void set(Source* source, Sink* sink) {
            std::lock_guard lock(task.running_mutex_);
            task.running_source_ = source;
            task.running_sink_ = sink;
        }
    } registration(*this, source.get(), sink.get());

    if (stop_.stop_requested()) return;
    preflight(*source, *sink);
    const PositionPtr start = is_recorded_ ? reopen(*source, *sink) : open(*source, *sink);
    log_->info(source->start_line(*start));
    if (!heartbeat_) {
        heartbeat_ = make_heartbeat(config_, [this](const std::string& text) { log_->warn(text); });
    }
    stream(*source, *sink);
}

/// Both at once: connecting takes most of a start. Of two errors the source's is told, and as soon
/// as the sink can be made to end.
void Task::preflight(Source& source, Sink& sink) {
    auto of_sink = std::async(std::launch::async, [&sink] { sink.preflight(); });
    try {
        source.preflight();
    } catch (...) {
        const While waiting(Doing::outside);
        // Again and again: it may be about to wait for something else.
        do sink.interrupt();
        while (of_sink.wait_for(std::chrono::milliseconds(100)) != std::future_status::ready);
        throw;
    }
    const While waiting(Doing::outside);
    of_sink.get();
}

/// Nothing is written, in the target or in the log, before it is sure that the source can go on
/// from the chosen position.
PositionPtr Task::open(Source& source, Sink& sink) {
    auto record = sink.read_checkpoint();
    bool in_target = sink.checkpoint_in_transaction();
    for (;;) {
        decision_ = decide_start(config_, codecs_, source, DirectoryState::read(directory_->path()),
                                 in_target, record, sink.checkpoint_place());
        require_held(*decision_->position, decision_->holding);
        if (!decision_->plan.position) {
            decision_->position = source.prepare_first_start(decision_->position);
        }
        source.open(decision_->position);
        auto claimed = sink.claim_checkpoint();
        if (claimed == record && in_target == sink.checkpoint_in_transaction()) break;
        // The last transaction of an earlier owner was still under way, or the target turned out
        // not to take a checkpoint.
        record = std::move(claimed);
        in_target = sink.checkpoint_in_transaction();
    }
    const ResumePlan& plan = decision_->plan;
    for (const std::string& warning : plan.warnings) log_->warn(warning);
    log_->info(fmt::format("{}: {}", plan.is_resume ? "resume from" : "starts from",
                           decision_->position->to_json()));
    log_->info(fmt::format("found in: {}; reason: {}", plan.found_in, plan.reason));
    record_start(sink, decision_->position);
    for (const std::string& note : source.notes()) log_->warn(note);
    for (const std::string& note : sink.take_notes()) log_->warn(note);
    return decision_->position;
}

/// What a crash between two of these steps leaves: before the first nothing has happened; with the
/// log alone the next start finds it there and the target without a checkpoint that is not yet
/// expected; with both, the target's wins and says the same. A position given by hand that replaces
/// the target's checkpoint goes to the target first, or the old one there would win over the log at
/// the next start.
void Task::record_start(Sink& sink, const PositionPtr& position) {
    record_identity(decision_->identity, decision_->holding);
    const bool in_target = sink.checkpoint_in_transaction();
    const bool target_first = in_target && decision_->plan.resets_target;
    if (target_first) sink.store_checkpoint(*position);
    begin_records(position);
    if (in_target && !target_first && !decision_->target) sink.store_checkpoint(*position);
    if (in_target && directory_->exactly_once_target() != sink.checkpoint_place()) {
        directory_->record_exactly_once_target(sink.checkpoint_place());
    } else if (!in_target && directory_->exactly_once_target()) {
        directory_->record_exactly_once_target(std::nullopt);
    }
    last_checkpoint_ = position;
    is_recorded_ = true;
    worker_.held_task = true;
}

/// Before anything of a source that has succeeded the recorded one reaches the target: the position
/// at hand is of both, what follows is of the new one alone, and would be refused as the old one's.
void Task::record_identity(const std::string& identity, const Holding& holding) {
    if (directory_->identity() && *directory_->identity() != identity) log_->warn(holding.detail);
    directory_->record_identity(identity);
}

/// position.log goes on with this position; begins anew where that is behind what it holds.
void Task::begin_records(const PositionPtr& position) {
    checkpoints_.reset();
    checkpoints_ = std::make_unique<CheckpointService>(
        std::make_unique<PositionLog>(*directory_), config_.pipeline.checkpoint_interval,
        CheckpointCallbacks{[this](const PositionPtr& durable) { acknowledge(*durable); },
                            [this](std::exception_ptr error) { fail(std::move(error)); },
                            [this](const PositionPtr& current, const PositionPtr& checkpoint) {
                                board_.recorded(current, checkpoint);
                            }});
    checkpoints_->record_start(position, codecs_);
}

/// After an error that a retry may help against: from the last checkpoint. With exactly-once that
/// is the target's, also when the target has lost commits since (a crash, a failover, a backup).
PositionPtr Task::reopen(Source& source, Sink& sink) {
    const std::string identity = judge_source(directory_->path(), source);
    const PositionPtr position = position_after_error(sink);
    const Holding holding = holding_of(directory_->path(), identity, source, *position,
                                       sink.checkpoint_in_transaction());
    require_held(*position, holding);
    record_identity(identity, holding);
    const auto order = position->compare(*last_checkpoint_);
    if (order == std::partial_ordering::greater || order == std::partial_ordering::equivalent) {
        checkpoints_->advanced(position, position);
    } else {
        log_->warn(fmt::format(
            "the target's checkpoint {} is behind {}, which it held before: the target has lost "
            "commits; what it holds is the truth",
            position->to_json(), last_checkpoint_->to_json()));
        begin_records(position);
    }
    last_checkpoint_ = position;
    source.open(position);
    return position;
}

PositionPtr Task::position_after_error(Sink& sink) {
    const auto record = sink.claim_checkpoint();
    if (!sink.checkpoint_in_transaction()) return last_checkpoint_;
    if (!record) {
        throw Error(ErrorKind::checkpoint,
                    fmt::format("the target has lost its checkpoint ({})", sink.checkpoint_place()),
                    "the target was wiped or replaced while the task ran: restore it");
    }
    return codecs_.decode(*record);
}

void Task::stream(Source& source, Sink& sink) {
    Pipeline::Events events;
    events.on_applied = [this](PositionPtr current, PositionPtr checkpoint) {
        applied(std::move(current), std::move(checkpoint));
    };
    events.on_retry = [this](const Error& error) { retry_group(error); };
    events.record_now = [this] { checkpoints_->record_now(); };
    events.on_note = [this](const std::string& text) { log_->warn(text); };
    if (heartbeat_) {
        events.on_read = [this](PositionPtr read) { heartbeat_->received(std::move(read)); };
    }
    Pipeline pipeline(source, sink, make_planner(config_, filter_, router_, sink),
                      make_pipeline_options(config_), std::move(events), progress_);
    {
        std::lock_guard lock(running_mutex_);
        running_pipeline_ = &pipeline;
    }
    struct Unregister {
        Task& task;
        ~Unregister() {
            std::lock_guard lock(task.running_mutex_);
            task.running_pipeline_ = nullptr;
        }
    } unregister{*this};
    throw_failure();
    if (stop_.stop_requested()) return;
    progress_.oldest_unapplied_us = 0;
    retries_group_ = false;
    Monitor monitor(
        *log_, progress_, [this] { return is_caught_up(); }, config_.pipeline.checkpoint_interval);
    board_.enter(TaskState::streaming);
    pipeline.run();
    throw_failure();
}

void Task::retry_group(const Error& error) {
    retries_group_ = true;
    board_.retries(error.what());
}

void Task::applied(PositionPtr current, PositionPtr checkpoint) {
    last_checkpoint_ = checkpoint;
    if (heartbeat_) heartbeat_->flushed(checkpoint);
    checkpoints_->advanced(std::move(current), std::move(checkpoint));
    if (std::exchange(retries_group_, false)) board_.enter(TaskState::streaming);
}

void Task::acknowledge(const Position& position) {
    std::lock_guard lock(running_mutex_);
    if (running_source_ != nullptr) running_source_->acknowledge(position);
}

bool Task::is_caught_up() const {
    std::lock_guard lock(running_mutex_);
    return running_source_ != nullptr && running_source_->is_caught_up();
}

void Task::fail(std::exception_ptr error) {
    std::lock_guard lock(running_mutex_);
    failure_ = std::move(error);
    if (running_pipeline_ != nullptr) running_pipeline_->stop();
}

void Task::throw_failure() {
    std::lock_guard lock(running_mutex_);
    if (failure_) std::rethrow_exception(failure_);
}

void Task::stop() noexcept {
    stop_.request_stop();
    std::lock_guard lock(running_mutex_);
    if (running_pipeline_ != nullptr) {
        running_pipeline_->stop();
    } else if (running_source_ != nullptr) {
        running_source_->interrupt();
    }
}

void Task::interrupt_target() noexcept {
    std::lock_guard lock(running_mutex_);
    if (running_sink_ != nullptr) running_sink_->interrupt();
}

}  // namespace dts
