#include "lib/checkpoint/resume_plan.hpp"

#include <fmt/format.h>

#include "lib/base/error.hpp"

namespace dts {

namespace {

constexpr std::string_view lost_target_hint =
    "the target was wiped or replaced: restore it, or begin anew with an empty log directory and a "
    "position that fits what it holds";

ResumePlan resume_at(const PositionPtr& position, std::string_view place, std::string reason) {
    ResumePlan plan;
    plan.position = position;
    plan.found_in = place;
    plan.reason = std::move(reason);
    plan.is_resume = true;
    return plan;
}

void require_same_type(const ResumeInputs& in) {
    if (in.log->type() != in.target->type())
        throw Error(ErrorKind::checkpoint,
                    fmt::format("{} holds a {} position, the target's checkpoint in {} is a {} one",
                                in.log_place, in.log->type(), in.target_place, in.target->type()),
                    "the log directory and the target belong to different tasks");
}

/// 1, with exactly-once: the log is the echo of the target's checkpoint.
ResumePlan from_target_checkpoint(const ResumeInputs& in) {
    require_same_type(in);
    const auto order = in.target->compare(*in.log);
    if (order == std::partial_ordering::equivalent)
        return resume_at(in.target, in.target_place,
                         "the target's checkpoint, and position.log says the same");
    if (order == std::partial_ordering::greater)
        return resume_at(in.target, in.target_place,
                         "the target's checkpoint: it is ahead of position.log, which had not yet "
                         "been written");
    const bool behind = order == std::partial_ordering::less;
    // A log that is not the echo of this row was written by runs that applied at least once: the
    // row is left over from before them, and what they applied stands in the target.
    if (behind && !in.target_expected)
        return resume_at(
            in.log, in.log_place,
            "resume_from_log: the last usable record; the target's checkpoint is older and "
            "was not moved on by the runs that wrote this log");
    auto plan = resume_at(in.target, in.target_place,
                          behind ? "the target's checkpoint: it is behind position.log, so the "
                                   "target was restored from an earlier state"
                                 : "the target's checkpoint: it and position.log each hold what "
                                   "the other lacks");
    plan.warnings.push_back(
        fmt::format("the target's checkpoint {} {} {} of {}: what the target holds is the truth",
                    in.target->to_json(), behind ? "is behind" : "does not follow from",
                    in.log->to_json(), in.log_place));
    return plan;
}

/// 1. Nothing when position.log was never written.
std::optional<ResumePlan> from_log(const ResumeInputs& in) {
    const bool has_target = in.exactly_once && in.target != nullptr;
    if (in.log != nullptr) {
        if (has_target) return from_target_checkpoint(in);
        if (in.exactly_once && in.target_expected)
            throw Error(ErrorKind::checkpoint,
                        fmt::format("{} holds {}, but the target has lost its checkpoint ({})",
                                    in.log_place, in.log->to_json(), in.target_place),
                        std::string(lost_target_hint));
        return resume_at(in.log, in.log_place, "resume_from_log: the last usable record");
    }
    if (!in.log_expected) return std::nullopt;
    if (has_target) {
        auto plan = resume_at(in.target, in.target_place,
                              "the target's checkpoint: position.log holds no usable record");
        plan.warnings.push_back(
            fmt::format("{} holds no usable record though one was written", in.log_place));
        return plan;
    }
    if (in.resume_file_position != nullptr) {
        auto plan = resume_at(in.resume_file_position, in.resume_file_place,
                              "resume_config_file: position.log holds no usable record");
        plan.warnings.push_back(
            fmt::format("{} holds no usable record though one was written", in.log_place));
        return plan;
    }
    throw Error(ErrorKind::checkpoint,
                fmt::format("{} holds no usable record though one was written, and starting "
                            "elsewhere could lose changes",
                            in.log_place),
                "to go on from a position that you know to be right, name it in a "
                "resume_config_file");
}

/// 2. Nothing when the table holds no row of this task.
std::optional<ResumePlan> from_table(const ResumeInputs& in) {
    if (in.table != nullptr)
        return resume_at(in.table, in.table_place, "the position table holds this task's row");
    if (in.exactly_once && in.target_expected && in.target == nullptr)
        throw Error(ErrorKind::checkpoint,
                    fmt::format("the target has lost its checkpoint ({})", in.target_place),
                    std::string(lost_target_hint));
    return std::nullopt;
}

/// 3 to 5.
ResumePlan from_hand(const ResumeInputs& in) {
    if (in.resume_file_position != nullptr)
        return resume_at(in.resume_file_position, in.resume_file_place,
                         "resume_config_file: its last record");
    const bool asked = in.resume_from_log || in.resume_from_target;
    const bool has_target = asked && in.exactly_once && in.target != nullptr;
    if (in.resume_file_missing && !has_target)
        throw Error(ErrorKind::config,
                    fmt::format("[resumer] resume_config_file {} does not exist, and no other "
                                "place holds a record",
                                in.resume_file),
                    "correct the path, or leave the key empty");
    ResumePlan plan;
    if (in.configured != nullptr) {
        plan.position = in.configured;
        plan.found_in = "the [extractor] settings";
        plan.reason = "no checkpoint was found or asked for";
        return plan;
    }
    if (has_target)
        return resume_at(in.target, in.target_place,
                         "the target's checkpoint: position.log is not there and no position was "
                         "given");
    plan.found_in = "the source";
    plan.reason =
        "no checkpoint was found or asked for, and the [extractor] settings name no position: the "
        "source's current end";
    return plan;
}

/// A position that is not the target's own replaces what the target holds.
void compare_with_target(const ResumeInputs& in, ResumePlan& plan) {
    if (!in.exactly_once || in.target == nullptr || plan.position == in.target) return;
    if (plan.position && (*plan.position)->compare(*in.target) == std::partial_ordering::equivalent)
        return;
    plan.resets_target = true;
    plan.warnings.push_back(fmt::format(
        "the target's checkpoint {} is replaced by {} ({})", in.target->to_json(),
        plan.position ? (*plan.position)->to_json() : std::string("the source's current end"),
        plan.found_in));
}

}  // namespace

ResumePlan make_resume_plan(const ResumeInputs& in) {
    std::optional<ResumePlan> plan;
    if (in.resume_from_log) plan = from_log(in);
    if (!plan && in.resume_from_target) plan = from_table(in);
    if (!plan) plan = from_hand(in);
    compare_with_target(in, *plan);
    if (in.resume_file_missing)
        plan->warnings.push_back(
            fmt::format("[resumer] resume_config_file {} does not exist", in.resume_file));
    if (!in.resume_from_log && in.log != nullptr)
        plan->warnings.push_back(
            fmt::format("{} holds {}, which is not used: resume_from_log is "
                        "off",
                        in.log_place, in.log->to_json()));
    return std::move(*plan);
}

}  // namespace dts
