// Who is at the other end of a Unix socket, by the kernel's word, and may he act?
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace dts {

struct Peer {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;  ///< supplementary ones
};

/// Nothing when the kernel does not say.
std::optional<Peer> peer_of(int socket) noexcept;

/// The group of this name; nothing when there is none.
std::optional<gid_t> group_called(const std::string& name);

/// Root, the daemon's own account, and members of the operators' group may.
bool may_act(const Peer& peer, uid_t own_uid, std::optional<gid_t> operators) noexcept;

}  // namespace dts
