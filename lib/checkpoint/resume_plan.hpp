// Where a task starts, and why: the one place that decides. A pure function of what was found, so
// that --explain and the run can not differ. The order:
//   1. position.log, where resume_from_log asks for it
//   2. the position table, where resume_type=from_target or from_db asks for it
//   3. the resume file
//   4. the [extractor] settings
//   5. the source's current end
// With exactly-once the target's own checkpoint is the truth and position.log its echo: chosen by
// 1, the target's checkpoint wins, ahead or behind. Given by hand (3, 4) a position is obeyed.
// A position that was expected and is not there is an error, never "from now".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/position/position.hpp"

namespace dts {

struct ResumeInputs {
    bool resume_from_log = false;     ///< resume_from_log=true, or resume_type=from_log
    bool resume_from_target = false;  ///< resume_type=from_target, from_db

    /// position.log in the resume directory (see PositionLogReading).
    PositionPtr log;
    std::string log_place;
    bool log_expected = false;

    /// With exactly-once only: the target's checkpoint, as it stands in its checkpoint table.
    bool exactly_once = false;
    PositionPtr target;
    std::string target_place;
    /// position.log was the echo of a checkpoint in this target: it must still be there.
    bool target_expected = false;

    /// What from_target or from_db found; with exactly-once and from_target the same as `target`.
    PositionPtr table;
    std::string table_place;

    /// [resumer] resume_config_file.
    std::string resume_file;
    bool resume_file_missing = false;  ///< named, but not there
    PositionPtr resume_file_position;
    std::string resume_file_place;

    /// The [extractor] settings, completed by the source; nullptr where they name none.
    PositionPtr configured;
};

struct ResumePlan {
    std::optional<PositionPtr> position;  ///< nothing: the source's current end
    std::string found_in;
    std::string reason;
    bool is_resume = false;      ///< "resume from: " as opposed to "starts from: "
    bool resets_target = false;  ///< the target's checkpoint is to be replaced by this position
    std::vector<std::string> warnings;
};

/// Throws Error{checkpoint} when a position was expected and is not there, or those found are of
/// different kinds of source; Error{config} when the resume file named is missing and no other
/// place holds a record.
ResumePlan make_resume_plan(const ResumeInputs& inputs);

}  // namespace dts
