#include "test/servers/notify_socket.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <poll.h>
#include <stdexcept>
#include <unistd.h>

namespace dts::test {

NotifySocket::NotifySocket(std::filesystem::path path) : path_(std::move(path)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.native().size() >= sizeof address.sun_path) {
        throw std::runtime_error("too long for a socket: " + path_.string());
    }
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error(fmt::format("bind {}: {}", path_.string(), std::strerror(errno)));
    }
}

NotifySocket::~NotifySocket() {
    ::close(socket_);
    ::unlink(path_.c_str());
}

bool NotifySocket::take(std::chrono::milliseconds timeout) {
    pollfd entry{socket_, POLLIN, 0};
    if (::poll(&entry, 1, static_cast<int>(timeout.count())) <= 0) return false;
    char message[4096];
    const auto length = ::recv(socket_, message, sizeof message, 0);
    if (length < 0) return false;
    seen_.emplace_back(message, static_cast<std::size_t>(length));
    return true;
}

std::string NotifySocket::wait_for(std::string_view start, std::chrono::milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0 || !take(left)) break;
        if (seen_.back().starts_with(start)) return seen_.back();
    }
    throw std::runtime_error(fmt::format("no {} came, but: {}", start, fmt::join(seen_, ", ")));
}

void NotifySocket::drain() {
    while (take(std::chrono::milliseconds(0))) {
    }
}

}  // namespace dts::test
