// Which subtransactions of a transaction that has committed were taken back, by the server's own
// word.
#pragma once

#include <cstdint>
#include <vector>

#include "lib/client/postgres_client.hpp"

namespace dts {

/// By number, as they stand in the log; from version 14 on (pg_xact_status: PostgreSQL
/// documentation, "Transaction ID and Snapshot Information Functions"). Throws Error{data} where
/// the server no longer knows it, which can not be while a slot holds what they wrote, else as
/// PostgresConnection::query().
std::vector<std::uint32_t> aborted_among(PostgresConnection& connection,
                                         const std::vector<std::uint32_t>& subtransactions);

/// The 64 bits of a transaction's number, of which the log has the lower half; `near`: one that the
/// server has got to, before or behind it.
constexpr std::uint64_t whole_xid(std::uint32_t xid, std::uint64_t near) noexcept {
    const auto distance = static_cast<std::int32_t>(xid - static_cast<std::uint32_t>(near));
    return near + static_cast<std::uint64_t>(std::int64_t{distance});
}

}  // namespace dts
