// How long a small transaction takes, on an otherwise idle system, from the return of its commit at
// the source until the target shows it: by a worker, and by the server's own replication.
#pragma once

#include <functional>
#include <string>

#include "test/servers/sql_server.hpp"
#include "test/servers/task_ini.hpp"

namespace dts::bench {

/// The table that is written to, (id BIGINT PRIMARY KEY, a INT, b VARCHAR(64)), in every server.
constexpr const char* latency_table = "bench.latency";

struct LatencyGround {
    test::SqlServer& source;
    test::SqlServer& native_target;
    test::SqlServer& worker_target;
    test::TaskIni task;  ///< from source to worker_target
    std::string native_name;
    std::function<void()> start_native;
    std::function<void()> stop_native;
};

/// Measures, and prints a table.
void measure_latency(const LatencyGround& ground, unsigned transactions);

}  // namespace dts::bench
