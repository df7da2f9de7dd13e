// The server's own replication between two throwaway servers of one kind: what dts is compared
// with, in speed and in results.
#pragma once

#include <chrono>

#include "test/servers/database_server.hpp"

namespace dts::test {

class NativeReplica {
  public:
    /// Makes `replica` follow `source` from a place in its binlog, with `threads` applier threads
    /// (0 or 1: serial). Nothing is applied before start(). Both must outlive it.
    NativeReplica(DatabaseServer& source, DatabaseServer& replica, const BinlogEnd& from,
                  unsigned threads = 1);
    NativeReplica(const NativeReplica&) = delete;
    NativeReplica& operator=(const NativeReplica&) = delete;

    void start();
    /// The server itself waits. Throws with the replica's error when it has stopped, or in time has
    /// not come to `end`.
    void wait_for(const BinlogEnd& end, std::chrono::seconds timeout = std::chrono::minutes(5));
    void stop();

  private:
    std::string last_error();

    DatabaseServer& replica_;
    bool is_mariadb_;
};

}  // namespace dts::test
