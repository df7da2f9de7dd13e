// What position.log says, read from its end: the last usable record wins. Needs no lock, changes
// nothing. Throws Error{checkpoint} for a record of an unknown type or a damaged identity file, and
// Error{log_directory} when a file can not be read; damage of the log itself is told, not thrown.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/position/position_codec.hpp"
#include "lib/position/snapshot_position.hpp"

namespace dts {

struct PositionLogReading {
    PositionPtr position;   ///< nullptr: nothing usable
    std::string place;      ///< file and byte of its record
    bool expected = false;  ///< a position was recorded here once: nothing usable is an error
    std::vector<std::string> warnings;  ///< what was skipped, for the log
    std::uint64_t bytes_read = 0;
};

/// The position from which a task with positions of this type ("MysqlCdc") resumes.
PositionLogReading read_position_log(const std::filesystem::path& directory,
                                     const CodecRegistry& codecs, std::string_view type);

struct SnapshotReading {
    std::map<SnapshotTable, PositionPtr> positions;  ///< RdbSnapshot, the last one of each table
    bool expected = false;
    std::vector<std::string> warnings;
};

/// Every table's position: reads the whole log.
SnapshotReading read_snapshot_positions(const std::filesystem::path& directory,
                                        const CodecRegistry& codecs);

}  // namespace dts
