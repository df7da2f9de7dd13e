// What dts-worker --sync-sequences does: the sequences behind the columns of the task's tables
// (serial, identity) are moved on in the target, so that it can take new rows of its own. Logical
// replication does not carry them. Forward only, so it may be repeated at any time; what the source
// still draws behind it is not in it.
#pragma once

#include <string>
#include <vector>

#include "lib/config/task_config.hpp"

namespace dts {

struct SequenceSync {
    std::vector<std::string> lines;  ///< what was done, one column each
    std::size_t missing = 0;         ///< columns that have no sequence in the target
};

/// Throws Error{config} for a task that is not from Postgres to Postgres, else what the servers
/// say.
SequenceSync sync_sequences(const TaskConfig& config);

}  // namespace dts
