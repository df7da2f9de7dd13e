// The way of the data, running: a reader thread takes batches from the source, an encoder thread
// cuts, merges and encodes apply groups, and the calling thread writes them and hands the position
// on. The next group is encoded while this one executes.
//
// The rule: a position is handed on only when the changes before it are durable in the target.
#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "lib/base/bounded_queue.hpp"
#include "lib/base/error.hpp"
#include "lib/pipeline/group_planner.hpp"
#include "lib/pipeline/progress.hpp"
#include "lib/sink/sink.hpp"
#include "lib/source/source.hpp"

namespace dts {

class Pipeline {
  public:
    struct Options {
        GroupBuilder::Limits limits;
        std::size_t queue_bytes = 64 * 1024 * 1024;
        std::size_t queue_changes = 16000;
        std::chrono::milliseconds linger{0};  ///< [pipeline] batch_sink_interval_secs
        /// Positions without changes reach the target this often; with changes, at once.
        std::chrono::milliseconds idle_checkpoint_interval{10'000};
        unsigned most_retries = 8;  ///< of one group on transient errors, with growing delay
        std::chrono::milliseconds first_retry_delay{100};
    };
    struct Events {
        /// The changes before `checkpoint` are durable in the target. `checkpoint` may be null
        /// while the first transaction is still under way. Called by the writing thread.
        std::function<void(PositionPtr current, PositionPtr checkpoint)> on_applied;
        /// Something the log should say once (a retry, a row replaced). Any thread.
        std::function<void(const std::string& text)> on_note;
        /// The source was read up to here. May be empty. Called by the reading thread.
        std::function<void(PositionPtr last_read)> on_read = {};
        /// A group failed and is tried again; over with the next on_applied. May be empty. Called
        /// by the writing thread.
        std::function<void(const Error& error)> on_retry = {};
        /// What on_applied was told last is recorded when this returns. May be empty. Called by the
        /// writing thread, before and behind a change of a collection itself.
        std::function<void()> record_now = {};
    };

    Pipeline(Source& source, Sink& sink, GroupPlanner planner, Options options, Events events,
             Progress& progress);

    /// Runs from the source's open position until stop() or an error, which is thrown when all
    /// threads have ended. After stop() the group that executes is finished; what was read beyond
    /// it is dropped.
    void run();

    /// Any thread.
    void stop() noexcept;

  private:
    using Clock = std::chrono::steady_clock;

    void read();
    void encode();
    bool wait_until_applied();
    void write();
    bool fill(GroupBuilder& builder);
    std::optional<ChangeBatchPtr> next_batch(std::optional<Clock::time_point> deadline = {});
    std::optional<std::unique_ptr<EncodedGroup>> next_group(
        std::optional<Clock::time_point> deadline = {});
    void apply(EncodedGroup& encoded);
    void begin_command();
    void end_command();
    void finish(const WriteGroup& group);
    void store_idle_position();
    void fail(std::exception_ptr error);
    void note_read(const ChangeBatch& batch);

    Source& source_;
    Sink& sink_;
    GroupPlanner planner_;
    Options options_;
    Events events_;
    Progress& progress_;

    BoundedQueue<ChangeBatchPtr> batches_;
    BoundedQueue<std::unique_ptr<EncodedGroup>> groups_;  ///< holds one: the next to execute
    std::mutex applied_mutex_;
    std::condition_variable_any applied_;
    std::uint64_t groups_offered_ = 0;  ///< the encoder's
    std::uint64_t groups_applied_ = 0;
    std::mutex lag_mutex_;  ///< guards these two, and oldest_unapplied_us with them
    std::uint64_t changes_read_ = 0;
    std::uint64_t changes_done_ = 0;
    std::stop_source stop_source_;
    bool transaction_open_ =
        false;  ///< parts of a large transaction are in the target, uncommitted

    PositionPtr idle_checkpoint_;  ///< behind the last applied one, without changes of ours between
    Clock::time_point idle_checkpoint_due_{};

    std::mutex error_mutex_;
    std::exception_ptr error_;
};

}  // namespace dts
