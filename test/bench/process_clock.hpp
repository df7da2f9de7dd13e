// What another process has used so far. Read while it runs; throws when it is gone.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "test/servers/database_server.hpp"

namespace dts::bench {

/// User and system time of all its threads, those that have ended included.
double cpu_seconds(pid_t process);

/// The most physical memory it has had at once (VmHWM).
double peak_memory_mib(pid_t process);

/// The server's own process.
pid_t process_of(const test::DatabaseServer& server);

/// CPU seconds used since it was made.
class CpuMeter {
  public:
    explicit CpuMeter(pid_t process) : process_(process), start_(cpu_seconds(process)) {}
    explicit CpuMeter(const test::DatabaseServer& server) : CpuMeter(process_of(server)) {}
    double seconds() const { return cpu_seconds(process_) - start_; }

  private:
    pid_t process_;
    double start_;
};

}  // namespace dts::bench
