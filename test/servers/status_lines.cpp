#include "test/servers/status_lines.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <poll.h>
#include <stdexcept>
#include <unistd.h>

#include "test/servers/folder_watch.hpp"

namespace dts::test {

namespace {

bool connects(int socket, const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    return ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

StatusLines::StatusLines(const std::filesystem::path& path, std::chrono::milliseconds timeout)
    : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto connected = [&] { return connects(socket_, path); };
    if (wait_until(path.parent_path(), connected, timeout) == WaitResult::done) return;
    ::close(socket_);
    throw std::runtime_error("nobody listens at " + path.string());
}

StatusLines::~StatusLines() {
    ::close(socket_);
}

std::optional<WorkerStatus> StatusLines::next(std::chrono::milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    for (;;) {
        const auto end = received_.find('\n');
        if (end != std::string::npos) {
            last_line_ = received_.substr(0, end);
            received_.erase(0, end + 1);
            auto status = worker_status_of(last_line_);
            if (states_.empty() || states_.back() != status.state) states_.push_back(status.state);
            return status;
        }
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd entry{socket_, POLLIN, 0};
        if (left.count() <= 0 || ::poll(&entry, 1, static_cast<int>(left.count())) <= 0) {
            throw std::runtime_error("no further status in time; the last: " + last_line_);
        }
        char bytes[8192];
        const auto length = ::recv(socket_, bytes, sizeof bytes, 0);
        if (length <= 0) return std::nullopt;
        received_.append(bytes, static_cast<std::size_t>(length));
    }
}

WorkerStatus StatusLines::wait_for(std::string_view what,
                                   const std::function<bool(const WorkerStatus&)>& holds,
                                   std::chrono::milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) break;
        auto status = next(left);
        if (!status) break;
        if (holds(*status)) return *status;
    }
    throw std::runtime_error(
        fmt::format("the worker did not say '{}'; the last: {}", what, last_line_));
}

WorkerStatus StatusLines::wait_for(TaskState state, std::chrono::milliseconds timeout) {
    return wait_for(
        name_of(state), [state](const WorkerStatus& s) { return s.state == state; }, timeout);
}

}  // namespace dts::test
