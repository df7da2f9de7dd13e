// How many files a program may have open.
#pragma once

namespace dts {

/// As many as the system lets us have: a task takes some descriptors, and each large transaction
/// that a Postgres source streams one.
void raise_open_files() noexcept;

}  // namespace dts
