#include "daemon/control/control_client.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <poll.h>

#include "lib/base/error.hpp"

namespace dts {

namespace {

Error gone(std::string_view why) {
    return {ErrorKind::unreachable,
            fmt::format("dtsd has closed the connection{}{}", why.empty() ? "" : ": ", why)};
}

/// Empty, with errno set, when it cannot.
FileHandle connected_to(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string& name = path.native();
    if (name.size() >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return {};
    }
    std::memcpy(address.sun_path, name.data(), name.size());
    FileHandle socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) return {};
    const auto* const where = reinterpret_cast<const sockaddr*>(&address);
    if (::connect(socket.get(), where, sizeof address) != 0) {
        const int error = errno;
        socket = FileHandle();
        errno = error;
    }
    return socket;
}

bool is_readable(int fd, std::chrono::milliseconds timeout) {
    pollfd wanted{fd, POLLIN, 0};
    return ::poll(&wanted, 1, static_cast<int>(timeout.count())) > 0;
}

}  // namespace

std::optional<ControlClient> ControlClient::connect(const std::filesystem::path& socket,
                                                    std::string* why) {
    FileHandle handle = connected_to(socket);
    if (handle) return ControlClient(std::move(handle));
    if (why != nullptr) *why = std::strerror(errno);
    return std::nullopt;
}

void ControlClient::send(const ControlCall& call) {
    const std::string line = call_line(call);
    for (std::string_view left = line; !left.empty();) {
        const auto bytes = ::send(socket_.get(), left.data(), left.size(), MSG_NOSIGNAL);
        if (bytes < 0 && errno == EINTR) continue;
        if (bytes < 0) throw gone(std::strerror(errno));
        left.remove_prefix(static_cast<std::size_t>(bytes));
    }
}

void ControlClient::receive() {
    char buffer[65536];
    for (;;) {
        const auto bytes = ::recv(socket_.get(), buffer, sizeof buffer, 0);
        if (bytes < 0 && errno == EINTR) continue;
        if (bytes <= 0) throw gone(bytes < 0 ? std::strerror(errno) : "");
        input_.append(buffer, static_cast<std::size_t>(bytes));
        return;
    }
}

std::string ControlClient::read_line() {
    for (;;) {
        const auto end = input_.find('\n');
        if (end == std::string::npos) {
            receive();
            continue;
        }
        std::string line = input_.substr(0, end);
        input_.erase(0, end + 1);
        return line;
    }
}

std::optional<std::string> ControlClient::take_line() {
    if (input_.find('\n') == std::string::npos && wait(std::chrono::milliseconds(0))) receive();
    if (input_.find('\n') == std::string::npos) return std::nullopt;
    return read_line();
}

bool ControlClient::wait(std::chrono::milliseconds timeout) const {
    return is_readable(socket_.get(), timeout);
}

std::optional<std::string> first_line_from(const std::filesystem::path& socket,
                                           std::chrono::milliseconds timeout) {
    const FileHandle handle = connected_to(socket);
    if (!handle) return std::nullopt;
    std::string text;
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0 || !is_readable(handle.get(), left)) return std::nullopt;
        char buffer[16384];
        const auto bytes = ::recv(handle.get(), buffer, sizeof buffer, 0);
        if (bytes <= 0) return std::nullopt;
        text.append(buffer, static_cast<std::size_t>(bytes));
        if (const auto end = text.find('\n'); end != std::string::npos) return text.substr(0, end);
    }
}

}  // namespace dts
