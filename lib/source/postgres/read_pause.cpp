#include "lib/source/postgres/read_pause.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <poll.h>

#include "lib/base/activity.hpp"

namespace dts {

namespace {

/// Of these poll() tells nothing before they are all there, or half of what the socket holds.
constexpr int least_bytes = 128 * 1024;

/// Asked of the kernel, which takes twice as much. Half of it made the reader come back for every
/// 64 KB, and the larger one of the kernel's own choice leaves the work with the sender. A pause's
/// time must not fill it and the sender's buffer (over a megabyte there), or the sender waits.
constexpr int small_window = 128 * 1024;

void set(int socket, int option, int value) noexcept {
    ::setsockopt(socket, SOL_SOCKET, option, &value, sizeof value);
}

/// A socket between two addresses that are one: the loopback device, whichever address it is.
bool has_one_address(int socket) noexcept {
    sockaddr_storage own{}, peer{};
    socklen_t own_size = sizeof own, peer_size = sizeof peer;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&own), &own_size) != 0 ||
        ::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0 ||
        own.ss_family != peer.ss_family)
        return false;
    const auto is_same = [](const auto& a, const auto& b) {
        return std::memcmp(&a, &b, sizeof a) == 0;
    };
    if (own.ss_family == AF_INET)
        return is_same(reinterpret_cast<const sockaddr_in&>(own).sin_addr,
                       reinterpret_cast<const sockaddr_in&>(peer).sin_addr);
    return own.ss_family == AF_INET6 &&
           is_same(reinterpret_cast<const sockaddr_in6&>(own).sin6_addr,
                   reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr);
}

}  // namespace

void ReadPause::prepare(int socket) noexcept {
    is_same_machine_ = has_one_address(socket);
    if (is_same_machine_) set(socket, SO_RCVBUF, small_window);
}

bool ReadPause::rest(int socket, int wake, std::chrono::milliseconds time) const noexcept {
    pollfd polled[2] = {{wake, POLLIN, 0}, {socket, POLLIN, 0}};
    if (!is_same_machine_) set(socket, SO_RCVLOWAT, least_bytes);
    {
        const While waiting(Doing::outside);
        ::poll(polled, is_same_machine_ ? 1 : 2, static_cast<int>(time.count()));
    }
    if (!is_same_machine_) set(socket, SO_RCVLOWAT, 1);
    return polled[0].revents != 0;
}

}  // namespace dts
