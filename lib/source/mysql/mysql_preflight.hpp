// Checks, before anything is read, that a server can be followed through its binlog: settings,
// rights, and that the server_id is free.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/client/mysql_client.hpp"
#include "lib/source/source.hpp"

namespace dts {

struct BinlogClient {
    std::uint32_t server_id = 0;
    std::string name;
    bool gtid_enabled = false;
};

/// Throws one Error for all that is missing, with what to do for each: {config}, or {permission}
/// where only rights are missing.
void check_binlog_source(MysqlConnection& connection, const BinlogClient& client);

/// What works, but has a limit that the operator should know: each with what can be done.
std::vector<std::string> binlog_source_notes(MysqlConnection& connection,
                                             const TableSelector& is_subscribed);

}  // namespace dts
