#include "daemon/control/peer_rights.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <grp.h>

namespace dts {

std::optional<Peer> peer_of(int socket) noexcept {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return {};
    Peer peer{credentials.uid, credentials.gid, {}};
    for (std::size_t room = 64; room <= 65536; room *= 16) {
        peer.groups.resize(room);
        size = static_cast<socklen_t>(room * sizeof(gid_t));
        if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &size) == 0) {
            peer.groups.resize(size / sizeof(gid_t));
            return peer;
        }
        if (errno != ERANGE) break;
    }
    peer.groups.clear();
    return peer;
}

std::optional<gid_t> group_called(const std::string& name) {
    const group* const found = ::getgrnam(name.c_str());
    if (found == nullptr) return std::nullopt;
    return found->gr_gid;
}

bool may_act(const Peer& peer, uid_t own_uid, std::optional<gid_t> operators) noexcept {
    if (peer.uid == 0 || peer.uid == own_uid) return true;
    return operators && (peer.gid == *operators ||
                         std::ranges::find(peer.groups, *operators) != peer.groups.end());
}

}  // namespace dts
