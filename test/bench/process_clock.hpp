// What another process has used so far. Read while it runs; throws when it is gone.
#pragma once

#include <sys/types.h>

#include <thread>

#include "test/servers/sql_server.hpp"

namespace dts::bench {

/// User and system time of all its threads, those that have ended included.
double cpu_seconds(pid_t process);

/// The same with its children, those that have ended included: a Postgres is a tree of processes.
double tree_cpu_seconds(pid_t process);

/// The most physical memory it has had at once (VmHWM).
double peak_memory_mib(pid_t process);

/// The server's own process.
pid_t process_of(const test::SqlServer& server);

/// CPU seconds that a server has used since this was made.
class CpuMeter {
  public:
    explicit CpuMeter(const test::SqlServer& server) : CpuMeter(process_of(server)) {}
    explicit CpuMeter(pid_t process) : process_(process), start_(tree_cpu_seconds(process)) {}
    double seconds() const { return tree_cpu_seconds(process_) - start_; }

  private:
    pid_t process_;
    double start_;
};

/// CPU seconds of a process that may end at any moment: looked at all the time.
class CpuWatch {
  public:
    explicit CpuWatch(pid_t process);
    /// Up to its end, or to now. Once.
    double seconds();

  private:
    double start_;
    double last_;
    std::jthread watcher_;
};

}  // namespace dts::bench
