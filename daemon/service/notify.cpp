#include "daemon/service/notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "lib/base/file_handle.hpp"

namespace dts {

namespace {

/// False when systemd has no room for it now. What cannot be sent at all counts as sent.
bool send(std::string_view message) noexcept {
    const char* name = std::getenv("NOTIFY_SOCKET");
    if (name == nullptr) return true;
    const std::size_t length = std::strlen(name);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (length < 2 || length >= sizeof address.sun_path) return true;
    std::memcpy(address.sun_path, name, length);
    if (name[0] == '@') address.sun_path[0] = '\0';  // in the abstract namespace, without an end
    const auto address_length =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length + (name[0] == '@' ? 0 : 1));

    const FileHandle socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return true;
    const auto sent =
        ::sendto(socket.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&address), address_length);
    return sent >= 0 || (errno != EAGAIN && errno != ENOBUFS);
}

/// Without memory for the message it is tried again later.
bool send(std::string_view key, std::string_view value) noexcept {
    try {
        return send(std::string(key).append(value));
    } catch (const std::bad_alloc&) {
        return false;
    }
}

}  // namespace

bool notify_ready() noexcept {
    static std::atomic<bool> said{false};
    if (said) return true;
    said = send("READY=1");
    return said;
}

bool notify_status(std::string_view text) noexcept {
    return send("STATUS=", text);
}

bool notify_stopping() noexcept {
    return send("STOPPING=1");
}

bool notify_watchdog() noexcept {
    return send("WATCHDOG=1");
}

bool notify_extend_timeout(std::chrono::microseconds time) noexcept {
    return send("EXTEND_TIMEOUT_USEC=", std::to_string(time.count()));
}

std::optional<std::chrono::microseconds> watchdog_interval() noexcept {
    std::uint64_t interval_us = 0;
    if (sd_watchdog_enabled(0, &interval_us) <= 0) return std::nullopt;
    return std::chrono::microseconds(interval_us);
}

}  // namespace dts
