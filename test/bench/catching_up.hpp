// How fast a backlog is applied: by a worker, and by the server's own replication, to targets that
// are configured alike and start with the same rows.
#pragma once

#include "test/bench/test_ground.hpp"

namespace dts::bench {

/// Measures, checks that source and target end equal, and prints a table.
void measure_catching_up(TestGround& ground, const Backlog& backlog);

}  // namespace dts::bench
