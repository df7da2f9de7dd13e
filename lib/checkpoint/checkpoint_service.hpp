// Records where the task stands: owns the position log and writes a pair every interval, from a
// thread of its own. A position is acknowledged (on_durable) only after it is on disk. When the
// disk fails nothing is written or acknowledged any more.
#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "lib/checkpoint/position_log.hpp"
#include "lib/position/position.hpp"
#include "lib/position/position_codec.hpp"

namespace dts {

struct CheckpointCallbacks {
    /// The checkpoint is on disk: the source may forget what is before it. From the service's
    /// thread, or from the one in record_start or finish.
    std::function<void(const PositionPtr&)> on_durable;

    /// Recording failed: the task must stop. Once, from the service's thread.
    std::function<void(std::exception_ptr)> on_failure;

    /// The pair is on disk; before on_durable, and from the same threads.
    std::function<void(const PositionPtr& current, const PositionPtr& checkpoint)> on_recorded = {};
};

class CheckpointService {
  public:
    CheckpointService(std::unique_ptr<PositionLog> log, std::chrono::milliseconds interval,
                      CheckpointCallbacks callbacks);

    /// Stops the thread; what was not yet recorded is not: that is finish().
    ~CheckpointService();

    /// Records the chosen start, to be called once and before the first change is applied; then the
    /// intervals begin. It is on disk when this returns. Throws Error{durability}.
    void record_start(const PositionPtr& position, const CodecRegistry& codecs);

    /// The last change and the last whole transaction durable in the target. Only remembers them.
    /// Any thread.
    void advanced(PositionPtr current, PositionPtr checkpoint);

    /// What advanced() was told last is on disk when this returns. Not by the service's thread.
    /// Throws what on_failure was given.
    void record_now();

    /// Ends the intervals and records the last pair if it is not yet. Throws what on_failure was
    /// given, or Error{durability}. After it nothing is recorded.
    void finish();

  private:
    struct Pair {
        PositionPtr current;
        PositionPtr checkpoint;
        bool operator==(const Pair&) const = default;
    };

    void run(const std::stop_token& stop);
    void record(const Pair& pair);
    void stop_thread();

    const std::unique_ptr<PositionLog> log_;
    const std::chrono::milliseconds interval_;
    const CheckpointCallbacks callbacks_;

    std::mutex mutex_;  ///< guards the next three, and failure_ while the thread lives
    std::condition_variable_any wake_;
    Pair latest_;
    unsigned asked_ = 0;     ///< how often record_now() was called
    unsigned answered_ = 0;  ///< and has what it wants

    Pair recorded_;  ///< of the thread that records: the jthread, and the caller outside its life
    std::exception_ptr failure_;
    std::jthread thread_;
};

}  // namespace dts
