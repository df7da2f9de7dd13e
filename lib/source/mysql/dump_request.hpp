// What a replica says to its source before the binlog flows: the session's settings, its
// registration, and the dump command by file and position or by GTID set.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "lib/client/mysql_client.hpp"
#include "lib/position/gtid_set.hpp"

namespace dts {

struct DumpRequest {
    std::uint32_t server_id = 0;
    std::string client_name;  ///< shown to operators of the source (SHOW REPLICAS)
    std::chrono::milliseconds heartbeat{};
    bool by_gtid = false;
    std::string file;  ///< by file and position
    std::uint64_t offset = 4;
    GtidSet executed;  ///< by GTID: what not to send
};

/// A uuid that stands for (server_id, client name): the same after a restart, so that the server
/// drops a stream the task left behind, and another than any other task's.
std::string replica_uuid(std::uint32_t server_id, std::string_view client_name);

/// Makes the connection known as a replica; needs the right to replicate, so it tells whether the
/// account has it. The server forgets it with the connection.
void register_replica(MysqlConnection& connection, const DumpRequest& request);

/// Sends it all; the packets of the stream follow. Throws as MysqlConnection does.
void request_dump(MysqlConnection& connection, const DumpRequest& request);

}  // namespace dts
