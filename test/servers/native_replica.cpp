#include "test/servers/native_replica.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace dts::test {

NativeReplica::NativeReplica(DatabaseServer& source, DatabaseServer& replica, const BinlogEnd& from,
                             unsigned threads)
    : replica_(replica), is_mariadb_(replica.connect().is_mariadb()) {
    // MariaDB follows by file and offset here; MySQL may not where GTIDs are on and the account
    // logs in over plain TCP, unless it fetches the server's key.
    const auto place =
        fmt::format("{}_LOG_FILE='{}', {}_LOG_POS={}", is_mariadb_ ? "MASTER" : "SOURCE", from.file,
                    is_mariadb_ ? "MASTER" : "SOURCE", from.position);
    const auto account = [&](std::string_view word) {
        return fmt::format("{0}_HOST='127.0.0.1', {0}_PORT={1}, {0}_USER='{2}', {0}_PASSWORD='{3}'",
                           word, source.port(), DatabaseServer::username, DatabaseServer::password);
    };
    if (is_mariadb_) {
        replica_.run(
            fmt::format("SET GLOBAL slave_parallel_threads={}", threads < 2 ? 0 : threads));
        replica_.run(
            fmt::format("CHANGE MASTER TO {}, {}, MASTER_USE_GTID=no", account("MASTER"), place));
    } else {
        replica_.run(
            fmt::format("SET GLOBAL replica_parallel_workers={}", threads < 2 ? 1 : threads));
        replica_.run(fmt::format(
            "CHANGE REPLICATION SOURCE TO {}, {}, SOURCE_AUTO_POSITION=0, GET_SOURCE_PUBLIC_KEY=1",
            account("SOURCE"), place));
    }
}

void NativeReplica::start() {
    replica_.run(is_mariadb_ ? "START SLAVE" : "START REPLICA");
}

void NativeReplica::stop() {
    replica_.run(is_mariadb_ ? "STOP SLAVE" : "STOP REPLICA");
}

void NativeReplica::wait_for(const BinlogEnd& end, std::chrono::seconds timeout) {
    const auto reached = replica_.scalar(
        fmt::format("SELECT {}('{}', {}, {})", is_mariadb_ ? "MASTER_POS_WAIT" : "SOURCE_POS_WAIT",
                    end.file, end.position, timeout.count()));
    // NULL: the applier is not running; -1: the time is up.
    if (reached.empty() || reached == "-1") {
        throw std::runtime_error(fmt::format("the native replica did not reach {}:{}: {}", end.file,
                                             end.position, last_error()));
    }
}

std::string NativeReplica::last_error() {
    auto connection = replica_.connect();
    auto status = connection.query(is_mariadb_ ? "SHOW SLAVE STATUS" : "SHOW REPLICA STATUS");
    const auto row = status.next();
    if (!row) return "it follows nobody";
    std::string text;
    for (const auto* name : {"Last_IO_Error", "Last_SQL_Error"}) {
        if (const auto column = status.column(name)) text += row->text(*column) + " ";
    }
    return text;
}

}  // namespace dts::test
