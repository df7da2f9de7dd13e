// Reaching one address of a Postgres, within its deadline.
#pragma once

#include <optional>

#include "lib/client/postgres_address.hpp"
#include "lib/client/postgres_client.hpp"

namespace dts {

/// The attempt to reach one address, begun; null without memory.
PGconn* begin_postgres_connection(const PostgresEndpoint& endpoint, const PostgresAddress& address,
                                  bool is_replication);

/// Goes on with it, at most connect_timeout_secs. Nothing for a connection that can be used.
/// Several hosts are a primary and its standbys: the primary is meant, and the one of the latest
/// timeline of those that were met. A standby that is meant is named alone.
std::optional<PostgresRefusal> connect_postgres(PGconn* connection,
                                                const PostgresEndpoint& endpoint,
                                                const PostgresAddress& address);

}  // namespace dts
