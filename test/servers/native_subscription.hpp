// Postgres's own logical replication between two throwaway servers: what dts is compared with.
#pragma once

#include <string>

#include "test/servers/postgres_server.hpp"

namespace dts::test {

class NativeSubscription {
  public:
    /// Makes `subscriber` follow a publication of `source` through a slot that is there. Nothing is
    /// applied before start(). Both must outlive it. The slot stays, the subscription goes.
    NativeSubscription(PostgresServer& source, PostgresServer& subscriber,
                       const std::string& publication, const std::string& slot);
    ~NativeSubscription();
    NativeSubscription(const NativeSubscription&) = delete;
    NativeSubscription& operator=(const NativeSubscription&) = delete;

    void start();
    /// Returns when the slot is free again.
    void stop();

  private:
    PostgresServer& source_;
    PostgresServer& subscriber_;
    std::string slot_;
};

}  // namespace dts::test
