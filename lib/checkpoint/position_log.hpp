// position.log: where the task stands, a pair of records each time, current then checkpoint. What
// append has returned for is on disk; see checksummed_log.hpp for what a crash or damage leaves.
// One thread at a time; the directory must outlive it.
#pragma once

#include <string_view>

#include "lib/checkpoint/checksummed_log.hpp"
#include "lib/position/position.hpp"

namespace dts {

class CodecRegistry;

class PositionLog {
  public:
    static constexpr std::string_view name = "position.log";

    explicit PositionLog(LogDirectory& directory, ChecksummedLogOptions options = {});

    /// Records the position chosen to start from, as both records of a pair. Where it does not
    /// follow what the log held until now (given by hand, or by a target restored from a backup), a
    /// new generation begins: the old positions can not win again. Throws Error{durability}.
    void start_at(const PositionPtr& position, const CodecRegistry& codecs);

    /// Appends a pair. Throws Error{durability}; Error{bug}, and nothing is written, for a
    /// checkpoint before the last one appended here.
    void append(const PositionPtr& current, const PositionPtr& checkpoint);

  private:
    ChecksummedLog log_;
    LogDirectory& directory_;
    PositionPtr last_checkpoint_;
};

}  // namespace dts
