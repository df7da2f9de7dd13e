// finished.log: the tables whose snapshot is done, and at the end that the whole task is. On disk
// when append returns; see checksummed_log.hpp. One thread at a time.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/checkpoint/checksummed_log.hpp"
#include "lib/position/snapshot_position.hpp"

namespace dts {

class FinishedLog {
  public:
    static constexpr std::string_view name = "finished.log";

    /// Never rotated: no finished table may drop out of it.
    explicit FinishedLog(LogDirectory& directory);

    /// Throws Error{durability}, as task_finished does.
    void table_finished(const SnapshotTable& table);
    void task_finished();

  private:
    ChecksummedLog log_;
};

struct FinishedReading {
    std::set<SnapshotTable> tables;
    bool is_task_finished = false;
    std::vector<std::string> warnings;  ///< what was skipped: those tables are copied again
};

/// Reads the whole log; needs no lock. Throws as read_position_log does.
FinishedReading read_finished_log(const std::filesystem::path& directory,
                                  const CodecRegistry& codecs);

}  // namespace dts
