#include "lib/pipeline/pipeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "lib/base/backoff.hpp"
#include "lib/base/error.hpp"

namespace dts {

namespace {

std::int64_t now_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

}  // namespace

Pipeline::Pipeline(Source& source, Sink& sink, GroupPlanner planner, Options options, Events events,
                   Progress& progress)
    : source_(source),
      sink_(sink),
      planner_(std::move(planner)),
      options_(options),
      events_(std::move(events)),
      progress_(progress),
      batches_(options.queue_bytes),
      groups_(1) {}

void Pipeline::run() {
    progress_.queue_bytes = 0;
    progress_.batches.on = progress_.batches.taken = 0;
    progress_.groups.on = progress_.groups.taken = 0;
    {
        std::jthread reader([this] { read(); });
        std::jthread encoder([this] { encode(); });
        try {
            const Watched watched(progress_.writer);
            write();
        } catch (...) {
            fail(std::current_exception());
            stop();
        }
        const While waiting(Doing::gone);
        reader.join();
        encoder.join();
    }
    if (transaction_open_) sink_.abandon();
    std::lock_guard lock(error_mutex_);
    if (error_) std::rethrow_exception(error_);
}

void Pipeline::stop() noexcept {
    stop_source_.request_stop();
    source_.interrupt();
    batches_.cancel();
    groups_.cancel();
}

void Pipeline::fail(std::exception_ptr error) {
    std::lock_guard lock(error_mutex_);
    if (!error_) error_ = std::move(error);
}

void Pipeline::read() {
    const Watched watched(progress_.reader);
    try {
        while (auto batch = source_.next()) {
            note_read(*batch);
            // Bounded by bytes and by changes: a batch weighs as much as the scarcer of the two.
            const std::size_t bytes_per_change = options_.queue_bytes / options_.queue_changes;
            const std::size_t weight =
                std::max(batch->bytes(), batch->changes.size() * bytes_per_change);
            progress_.queue_bytes += batch->bytes();
            const While waiting(Doing::for_output);
            if (!batches_.push(std::move(batch), weight)) break;
            ++progress_.batches.on;
        }
    } catch (...) {
        fail(std::current_exception());
    }
    // What was read is still applied; run() throws the error after that.
    batches_.close();
}

void Pipeline::note_read(const ChangeBatch& batch) {
    for (const std::string& note : batch.notes) events_.on_note(note);
    progress_.extracted_bytes += batch.source_bytes;
    progress_.extracted_changes += batch.changes.size() + batch.skipped_changes;
    progress_.extracted_transactions += batch.commits.size();
    if (events_.on_read && batch.trail) events_.on_read(batch.trail->last_read());
    if (batch.changes.empty()) return;
    const std::int64_t committed =
        batch.commits.empty() ? now_us() : batch.commits[0].commit_time_us;
    std::lock_guard lock(lag_mutex_);
    changes_read_ += batch.changes.size();
    if (progress_.oldest_unapplied_us == 0) progress_.oldest_unapplied_us = committed;
}

void Pipeline::encode() {
    const Watched watched(progress_.encoder);
    try {
        GroupBuilder builder(options_.limits);
        while (fill(builder)) {
            while (auto cut = builder.cut()) {
                auto group = sink_.encode(planner_.plan(std::move(*cut)));
                group->ready_at = Clock::now();
                const bool is_waited_for =
                    group->group.ends_with_definition() || group->group.command;
                const While waiting(Doing::for_output);
                if (!groups_.push(std::move(group), 1)) return;
                ++progress_.groups.on;
                ++groups_offered_;
                if (is_waited_for && !wait_until_applied()) return;
            }
        }
    } catch (...) {
        fail(std::current_exception());
        source_.interrupt();
        batches_.cancel();
    }
    groups_.close();
}

/// What comes behind a definition statement or a collection's change is written to the tables as
/// that leaves them. False when the task ends first.
bool Pipeline::wait_until_applied() {
    std::unique_lock lock(applied_mutex_);
    return applied_.wait(lock, stop_source_.get_token(),
                         [&] { return groups_applied_ == groups_offered_; });
}

/// Waits for the writer to take the last group, then for something to read: whatever arrives
/// meanwhile joins the next group. False when nothing more will come.
bool Pipeline::fill(GroupBuilder& builder) {
    {
        const While waiting(Doing::for_output);
        if (!groups_.wait_until_empty()) return false;
    }
    auto batch = next_batch();
    if (!batch) return false;
    const auto add = [&] {
        progress_.queue_bytes -= (*batch)->bytes();
        builder.add(std::move(*batch));
    };
    add();
    if (options_.linger.count() > 0) {
        const auto deadline = Clock::now() + options_.linger;
        while (!builder.is_full() && (batch = next_batch(deadline))) add();
    }
    while (!builder.is_full() && (batch = batches_.try_pop())) {
        ++progress_.batches.taken;
        add();
    }
    return true;
}

std::optional<ChangeBatchPtr> Pipeline::next_batch(std::optional<Clock::time_point> deadline) {
    const While waiting(Doing::for_input);
    auto batch = deadline ? batches_.pop_until(*deadline) : batches_.pop();
    if (batch) ++progress_.batches.taken;
    return batch;
}

std::optional<std::unique_ptr<EncodedGroup>> Pipeline::next_group(
    std::optional<Clock::time_point> deadline) {
    const While waiting(Doing::for_input);
    auto group = deadline ? groups_.pop_until(*deadline) : groups_.pop();
    if (group) ++progress_.groups.taken;
    return group;
}

void Pipeline::write() {
    for (;;) {
        // Inside a large transaction nothing may be committed before its end.
        const bool may_store = idle_checkpoint_ && !transaction_open_;
        auto group = may_store ? next_group(idle_checkpoint_due_) : next_group();
        if (group) {
            apply(**group);
            {
                std::lock_guard lock(applied_mutex_);
                ++groups_applied_;
            }
            applied_.notify_one();
        } else if (groups_.closed()) {
            break;
        } else {
            store_idle_position();
        }
    }
    if (!transaction_open_) store_idle_position();
}

void Pipeline::apply(EncodedGroup& encoded) {
    const WriteGroup& group = encoded.group;
    if (group.voids_open_transaction && transaction_open_) {
        sink_.abandon();
        transaction_open_ = false;
    }
    if (group.writes.empty() && !group.command && !transaction_open_) {
        // Nothing to write: the position moves on in the target from time to time, and in the log
        // only behind it, so that the log never runs ahead of the target's checkpoint.
        if (group.ends_transaction) {
            if (!idle_checkpoint_)
                idle_checkpoint_due_ = Clock::now() + options_.idle_checkpoint_interval;
            idle_checkpoint_ = group.checkpoint;
            if (!sink_.checkpoint_in_transaction()) store_idle_position();
        }
        finish(group);
        return;
    }

    if (group.command) begin_command();
    const bool is_whole = group.ends_transaction && !transaction_open_;
    Backoff backoff(options_.first_retry_delay, options_.first_retry_delay * 100);
    bool starts_over = false;
    for (unsigned tries = 0;; ++tries) {
        try {
            if (tries > 0) {
                const Sink::Recovery recovery = sink_.recover(encoded);
                if (recovery == Sink::Recovery::committed) break;
                starts_over = recovery == Sink::Recovery::start_over;
            }
            if (!starts_over) sink_.apply(encoded);
            break;
        } catch (const Error& error) {
            const bool may_retry = error.kind() == ErrorKind::transient && is_whole &&
                                   tries < options_.most_retries && !stop_source_.stop_requested();
            // The rest of a large transaction is gone: the task starts over from the checkpoint.
            if (!may_retry) {
                transaction_open_ = false;
                sink_.abandon();
                throw;
            }
            events_.on_note(
                fmt::format("retrying a group of {} changes: {}", group.changes, error.what()));
            if (events_.on_retry) events_.on_retry(error);
            backoff.wait(stop_source_.get_token());
        }
    }
    if (starts_over) {
        throw Error(
            ErrorKind::transient,
            "the target's checkpoint is not where this worker left it: the target went back to an "
            "earlier state");
    }
    for (const std::string& note : sink_.take_notes()) events_.on_note(note);

    transaction_open_ = !group.ends_transaction;
    if (group.ends_transaction) {
        idle_checkpoint_ = nullptr;
        ++progress_.applied_transactions;
        progress_.apply_latency.add(
            std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - encoded.ready_at));
        events_.on_applied(group.current, group.checkpoint);
    }
    ++progress_.applied_groups;
    finish(group);
    if (group.command) end_command();
}

/// A change of a collection itself is no part of a transaction, and may be applied again after a
/// crash. What stands before it may not be, or its documents would meet what the change has led to.
/// What a crash leaves
///   before it was applied: the place before it; it is applied then;
///   behind that: the same; it is applied again, onto what it has led to, which changes nothing;
///   behind end_command(): the place behind it. Nothing that follows is applied before that, or it
///   would be lost when the command came again.
void Pipeline::begin_command() {
    store_idle_position();
    if (events_.record_now) events_.record_now();
}

/// Only behind it is planned what follows: see wait_until_applied().
void Pipeline::end_command() {
    if (events_.record_now) events_.record_now();
}

void Pipeline::finish(const WriteGroup& group) {
    progress_.applied_changes += group.changes;
    progress_.applied_bytes += group.bytes;
    std::lock_guard lock(lag_mutex_);
    changes_done_ += group.changes + group.dropped_changes;
    const bool all_done = changes_done_ == changes_read_;
    if (all_done || group.commit_time_us != 0) {
        progress_.oldest_unapplied_us = all_done ? 0 : group.commit_time_us;
    }
}

void Pipeline::store_idle_position() {
    if (!idle_checkpoint_) return;
    const PositionPtr position = std::exchange(idle_checkpoint_, nullptr);
    if (sink_.checkpoint_in_transaction()) sink_.store_checkpoint(*position);
    events_.on_applied(position, position);
}

}  // namespace dts
