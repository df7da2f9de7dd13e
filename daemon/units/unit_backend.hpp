// Who runs the workers: systemd (dts@NAME.service) or the daemon itself. One interface, so that the
// supervisor need not know. Everything happens on the loop's thread, callbacks too.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dts {

/// How a worker's process stands, as its backend sees it.
struct UnitState {
    enum class Active : std::uint8_t {
        inactive,
        starting,    ///< started, not yet streaming
        running,     ///< it streams
        stopping,    ///< asked to stop
        restarting,  ///< it ended, and is started again after a delay
        failed,      ///< it ended and is not started again
    };
    Active active = Active::inactive;
    std::int64_t pid = 0;          ///< 0: none
    std::optional<int> exit_code;  ///< of the last run that ended by itself
    std::optional<int> signal;     ///< that ended the last run
    std::uint64_t restarts = 0;    ///< without anybody asking, since it was last started on request
    std::int64_t since_us = 0;     ///< when it came into this state
    std::string detail;            ///< the backend's own words: "watchdog", "start-limit-hit", ...

    bool operator==(const UnitState&) const = default;
};

class UnitBackend {
  public:
    /// Called when the request has been carried out; with what went wrong when it could not be.
    /// A start is done when the worker streams, or has failed.
    using Done = std::function<void(std::optional<std::string> problem)>;
    /// A worker's process changed its state, asked for or not.
    using OnChange = std::function<void(const std::string& task, const UnitState& state)>;

    virtual ~UnitBackend() = default;

    /// "systemd" or "process".
    virtual std::string_view name() const noexcept = 0;

    /// Begins to watch, and tells of every worker that there is already (on_change is called for
    /// each before this returns, so that the supervisor adopts them). Throws Error when the backend
    /// cannot be used here.
    virtual void open(OnChange on_change) = 0;

    virtual void start(const std::string& task, Done done) = 0;
    virtual void stop(const std::string& task, Done done) = 0;
    /// Stops and starts it; starts it when it does not run.
    virtual void restart(const std::string& task, Done done) = 0;

    /// The folders of a task, also of one that does not run.
    virtual std::filesystem::path log_directory(const std::string& task) const = 0;
    virtual std::filesystem::path status_socket(const std::string& task) const = 0;

    /// The daemon ends: systemd's workers go on, the daemon's own are stopped cleanly first.
    virtual void shut_down(std::function<void()> done) = 0;
};

}  // namespace dts
