// One task's process under the process backend: started, watched, started again after a failure
// with growing delay, stopped. The policy is that of dts@.service. On the loop's thread.
#pragma once

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/units/unit_backend.hpp"
#include "daemon/units/worker_spawn.hpp"

namespace dts {

struct ProcessPolicy {
    std::chrono::milliseconds first_delay = std::chrono::seconds(1);
    std::chrono::milliseconds longest_delay = std::chrono::seconds(60);
    /// A run of this length was a good one: the delay begins anew.
    std::chrono::milliseconds good_run = std::chrono::seconds(60);
    std::chrono::milliseconds stop_patience = std::chrono::seconds(15);
    /// A worker that streams and is silent for so long is killed; 0: never.
    std::chrono::milliseconds watchdog = std::chrono::seconds(60);
};

class ProcessUnit {
  public:
    struct Events {
        std::function<void(const UnitState&)> on_change;
        std::function<void(const std::string&)> log;  ///< for the daemon's log
    };
    /// `folder` is the task's runtime folder, `command` what runs it; both folders are made when
    /// it is started.
    ProcessUnit(boost::asio::io_context& loop, WorkerCommand command, std::filesystem::path folder,
                ProcessPolicy policy, Events events);
    /// Kills a process that is still there.
    ~ProcessUnit();

    /// As UnitBackend's. A later request takes the place of an earlier one.
    void start(UnitBackend::Done done);
    void stop(UnitBackend::Done done);
    void restart(UnitBackend::Done done);

    /// What the worker says by sd_notify.
    void note(std::string_view name, std::string_view value);

    const UnitState& state() const noexcept;

  private:
    struct Machine;
    std::shared_ptr<Machine> machine_;
};

/// Whether a worker that ended with this code is not to be started again.
bool is_final_exit(int code) noexcept;

}  // namespace dts
