// Follows a worker's status socket, as dtsd does, for a test that waits for something to be said.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/control/worker_status.hpp"

namespace dts::test {

class StatusLines {
  public:
    /// Connects as soon as the socket is there; its folder must exist. Throws when it is not in
    /// time.
    explicit StatusLines(const std::filesystem::path& path,
                         std::chrono::milliseconds timeout = std::chrono::seconds(30));
    StatusLines(const StatusLines&) = delete;
    StatusLines& operator=(const StatusLines&) = delete;
    ~StatusLines();

    /// The next status, nothing when the worker has closed. Throws when the time is up before.
    std::optional<WorkerStatus> next(std::chrono::milliseconds timeout = std::chrono::seconds(30));

    /// The first of the next ones that the condition holds for. Throws when the worker closes, or
    /// the time is up, before.
    WorkerStatus wait_for(std::string_view what,
                          const std::function<bool(const WorkerStatus&)>& holds,
                          std::chrono::milliseconds timeout = std::chrono::seconds(30));
    WorkerStatus wait_for(TaskState state,
                          std::chrono::milliseconds timeout = std::chrono::seconds(30));

    /// Each state that was said since the start, repetitions left out.
    const std::vector<TaskState>& states() const noexcept { return states_; }

  private:
    int socket_ = -1;
    std::string received_;
    std::string last_line_;
    std::vector<TaskState> states_;
};

}  // namespace dts::test
