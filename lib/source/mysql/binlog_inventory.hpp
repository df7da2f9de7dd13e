// What a server says of its binlogs: who it is, where they end, and whether they still hold what
// follows a position. Questions over an open connection; nothing is kept here.
#pragma once

#include <string>

#include "lib/client/mysql_client.hpp"
#include "lib/position/gtid_set.hpp"
#include "lib/position/mysql_position.hpp"
#include "lib/source/source.hpp"

namespace dts {

/// "mysql server_uuid=…"; "mariadb server_uid=… server_id=…", or, of a server too old to have one,
/// "mariadb host=… port=… server_id=…". The same after a restart.
std::string server_identity(MysqlConnection& connection);

/// Where the binlog ends now; with the GTID set executed up to there when asked for. Throws
/// Error{config} when the server writes no binlog, {permission} when the account may not ask.
MysqlPosition binlog_end(MysqlConnection& connection, bool with_gtid);

/// Whether an event of that type, as SHOW BINLOG EVENTS names it, stands outside of transactions or
/// begins one.
bool stands_between_transactions(std::string_view event_type);

/// The GTID set executed up to a place in a file. Throws Error{gap} when there is no such place,
/// {config} when it stands inside a transaction.
GtidSet gtid_set_at(MysqlConnection& connection, const std::string& file, std::uint64_t offset);

/// Does the server hold what follows the position? By its GTID set where it has one.
Holding holds_position(MysqlConnection& connection, const MysqlPosition& position);

}  // namespace dts
