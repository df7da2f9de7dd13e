// All that a log directory's position.log says, rotated files included: a checkpoint that goes back
// would be a change applied twice or lost.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace dts::test {

struct PositionHistory {
    std::uint64_t records = 0;
    std::uint64_t moves = 0;  ///< checkpoints that are ahead of the one before
    /// Each line that is no record, and each checkpoint (file and offset) that went back.
    std::vector<std::string> faults;
};

PositionHistory read_position_history(const std::filesystem::path& log_folder);

}  // namespace dts::test
