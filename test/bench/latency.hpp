// How long a small transaction takes, on an otherwise idle system, from the return of its commit at
// the source until the target shows it: by a worker, and by the server's own replication.
#pragma once

#include "test/bench/test_ground.hpp"

namespace dts::bench {

/// Measures, and prints a table.
void measure_latency(TestGround& ground);

}  // namespace dts::bench
