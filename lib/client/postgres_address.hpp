// Where a Postgres may be reached: every host of its list ("a,b"), and every address of each. libpq
// would go through them by itself, but within the one deadline that its asynchronous way leaves to
// the caller: the first one that is dead uses it up. So each is tried as a connection of its own,
// with a deadline of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dts {

struct PostgresAddress {
    std::string host;     ///< as named: what a certificate is checked against
    std::string numeric;  ///< empty: for libpq to find out (the path of a socket, an unknown name)

    bool operator==(const PostgresAddress&) const = default;
};

bool names_several_hosts(const std::string& hosts) noexcept;

/// All of them, never none: first the one that has answered last, in this process, then in the
/// order of the list and of the resolver. Asks the resolver, and waits for it. Any thread.
std::vector<PostgresAddress> postgres_addresses(const std::string& hosts, std::uint16_t port);

/// This one has answered: it is tried first the next time, or every connection would wait for the
/// dead ones before it.
void postgres_address_answered(const std::string& hosts, std::uint16_t port,
                               const PostgresAddress& address);

/// A primary of the list is, or was, on this timeline. Returns the latest that one of them was on,
/// as far as this process knows.
std::uint32_t postgres_timeline_met(const std::string& hosts, std::uint16_t port,
                                    std::uint32_t timeline);

}  // namespace dts
