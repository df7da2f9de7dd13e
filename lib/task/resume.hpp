// Finds out where a task starts: asks every place that may hold a position and lets the resume plan
// decide. The run and --explain go the same way.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "lib/checkpoint/directory_state.hpp"
#include "lib/checkpoint/resume_plan.hpp"
#include "lib/config/task_config.hpp"
#include "lib/position/position_codec.hpp"
#include "lib/source/source.hpp"

namespace dts {

struct ResumeDecision {
    ResumePlan plan;
    PositionPtr position;  ///< the plan's, or the source's current end
    PositionPtr target;    ///< the target's checkpoint; nullptr: none
    Holding holding;       ///< what the source says of `position`
    std::string identity;  ///< of the source, as it was judged
};

/// `exactly_once`: the target holds the checkpoint in its transactions, and `target_record` is what
/// it holds. Throws as make_resume_plan does, Error{checkpoint} when the directory's positions
/// belong to another source. A position that the source no longer holds is told in `holding`, not
/// thrown.
ResumeDecision decide_start(const TaskConfig& config, const CodecRegistry& codecs, Source& source,
                            const DirectoryState& state, bool exactly_once,
                            const std::optional<std::string>& target_record,
                            const std::string& target_place);

/// The source's identity, where the directory's positions can be of this source: of the same one,
/// or of one that it may have grown out of. Throws Error{checkpoint} otherwise.
std::string judge_source(const std::filesystem::path& directory, Source& source);

/// What the source, of that identity, says of a position of the directory's. `is_exact`: the target
/// holds what lies before the position, and nothing else. Where it may hold more, a source that has
/// succeeded another one may lack that: a gap.
Holding holding_of(const std::filesystem::path& directory, const std::string& identity,
                   Source& source, const Position& position, bool is_exact);

/// Throws Error{gap} when the source does not hold what follows the position.
void require_held(const Position& position, const Holding& holding);

}  // namespace dts
