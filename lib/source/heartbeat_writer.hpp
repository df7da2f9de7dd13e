// Updates one row of a heartbeat table in the source, so that the position moves on while the
// subscribed tables are idle. Runs a thread of its own; a source that is away for a while is no
// error here, the reader notices it. What the row looks like is each kind of source's own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "lib/position/position.hpp"

namespace dts {

/// A source that does not answer is tried again at the next beat, and must not hold up the task's
/// end: connections of a heartbeat wait no longer than this.
constexpr unsigned heartbeat_patience_secs = 5;

/// A connection to the source, with the table there.
class HeartbeatSession {
  public:
    virtual ~HeartbeatSession() = default;
    /// Writes the row: how far the source was read, and how far the target has it; nullptr where
    /// nothing is known yet. Throws Error; the session is not used again then.
    virtual void beat(const PositionPtr& received, const PositionPtr& flushed) = 0;
    /// Ends a beat() of another thread that waits for the server.
    virtual void interrupt() noexcept = 0;
};

/// Connects, and creates the table where it is missing. Throws Error.
using HeartbeatConnect = std::function<std::unique_ptr<HeartbeatSession>()>;

class HeartbeatWriter {
  public:
    /// `note` is called once, by the heartbeat's thread, when the table cannot be written.
    HeartbeatWriter(HeartbeatConnect connect, std::chrono::seconds interval,
                    std::function<void(const std::string&)> note);
    ~HeartbeatWriter();

    /// What the row says of the task's progress. Any thread.
    void received(PositionPtr position);
    void flushed(PositionPtr position);

  private:
    void run(const std::stop_token& stop);
    void beat();

    HeartbeatConnect connect_;
    std::chrono::seconds interval_;
    std::function<void(const std::string&)> note_;
    std::mutex mutex_;  ///< of the pointers
    std::condition_variable_any wake_;
    PositionPtr received_;
    PositionPtr flushed_;
    std::unique_ptr<HeartbeatSession> session_;
    std::jthread thread_;
};

}  // namespace dts
