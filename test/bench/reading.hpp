// How fast a backlog is read: packets only, decoded to rows, and by a whole worker that writes
// nowhere.
#pragma once

#include "test/bench/test_ground.hpp"

namespace dts::bench {

/// Measures, and prints a table.
void measure_reading(TestGround& ground, const Backlog& backlog);

}  // namespace dts::bench
