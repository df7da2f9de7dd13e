// Whose log a position is of. Each promotion of a standby, and each restore to a point in time,
// begins a timeline: the log is the same up to the place where it begins, and another one behind
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/client/postgres_client.hpp"
#include "lib/source/source.hpp"

namespace dts {

/// "postgres 7432190816281943056 timeline 1 database d", as it stands in a log directory.
struct PostgresIdentity {
    std::string system;  ///< made with the first primary, and kept by all that came from it
    std::uint32_t timeline = 0;
    std::string database;

    /// `connection` is a walsender's.
    static PostgresIdentity read(PostgresConnection& connection);
    /// Nothing for what is no such text.
    static std::optional<PostgresIdentity> parse(std::string_view text);
    std::string text() const;

    /// The same database of the same system, on a later timeline: one that may have grown out of
    /// the other.
    bool may_succeed(const PostgresIdentity& earlier) const noexcept;
};

/// Where the log left the timeline `earlier`, by the history that the server keeps of its own
/// (TIMELINE_HISTORY; PostgreSQL documentation, "Timelines"): "1\t0/3000158\tno recovery target".
/// Nothing where it never was on it. Throws Error{data} for a history that makes no sense.
std::optional<std::uint64_t> end_of_timeline(std::string_view history, std::uint32_t earlier);

/// Does the slot hold what follows a position that was recorded on an earlier timeline? Only one
/// that the server has kept in step with its primary's (version 17, `failover`) does, and only up
/// to where the timelines part. `walsender` is one, `connection` a plain one.
Holding slot_succeeds(PostgresConnection& connection, PostgresConnection& walsender,
                      const std::string& slot, const PostgresIdentity& earlier, std::uint64_t lsn);

}  // namespace dts
