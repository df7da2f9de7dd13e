#include "lib/task/resume.hpp"

#include <fmt/format.h>

#include "lib/base/error.hpp"
#include "lib/checkpoint/position_reader.hpp"
#include "lib/checkpoint/resume_file.hpp"
#include "lib/task/factory.hpp"

namespace dts {

namespace {

void read_log(const TaskConfig& config, const CodecRegistry& codecs, ResumeInputs& inputs,
              std::vector<std::string>& warnings) {
    const auto directory = config.resumer.log_dir.value_or(config.runtime.log_dir);
    auto reading = read_position_log(directory, codecs, position_type(config));
    inputs.log = reading.position;
    inputs.log_place =
        reading.place.empty() ? (directory / "position.log").string() : reading.place;
    inputs.log_expected = reading.expected;
    if (inputs.resume_from_log) {
        warnings.insert(warnings.end(), reading.warnings.begin(), reading.warnings.end());
    }
}

void read_file(const TaskConfig& config, const CodecRegistry& codecs, ResumeInputs& inputs,
               std::vector<std::string>& warnings) {
    if (!config.resumer.config_file) return;
    inputs.resume_file = config.resumer.config_file->string();
    const auto reading = read_resume_file(*config.resumer.config_file, codecs);
    inputs.resume_file_missing = reading.is_missing;
    if (const auto* line = reading.last(position_type(config))) {
        inputs.resume_file_position = line->record.position;
        inputs.resume_file_place = reading.place(line->number);
    }
    warnings.insert(warnings.end(), reading.warnings.begin(), reading.warnings.end());
}

void read_table(const TaskConfig& config, const CodecRegistry& codecs, ResumeInputs& inputs) {
    if (config.resumer.resume_from == ResumeFrom::target) {
        inputs.table = inputs.target;
        inputs.table_place = inputs.target_place;
    } else if (config.resumer.resume_from == ResumeFrom::db) {
        const auto found = read_position_database(config);
        inputs.table_place = found.place;
        if (found.record) inputs.table = codecs.decode(*found.record);
    }
}

}  // namespace

ResumeDecision decide_start(const TaskConfig& config, const CodecRegistry& codecs, Source& source,
                            const DirectoryState& state, bool exactly_once,
                            const std::optional<std::string>& target_record,
                            const std::string& target_place) {
    ResumeDecision decision;
    decision.identity = judge_source(config.runtime.log_dir, source);
    ResumeInputs inputs;
    inputs.resume_from_log = config.resumer.resume_from == ResumeFrom::log;
    inputs.resume_from_target = config.resumer.resume_from == ResumeFrom::target ||
                                config.resumer.resume_from == ResumeFrom::db;
    inputs.exactly_once = exactly_once;
    if (target_record) inputs.target = codecs.decode(*target_record);
    inputs.target_place = target_place;
    inputs.target_expected = state.exactly_once_target.has_value();

    std::vector<std::string> warnings;
    read_log(config, codecs, inputs, warnings);
    read_file(config, codecs, inputs, warnings);
    read_table(config, codecs, inputs);
    inputs.configured = source.configured_start();

    decision.plan = make_resume_plan(inputs);
    decision.plan.warnings.insert(decision.plan.warnings.begin(), warnings.begin(), warnings.end());
    decision.position = decision.plan.position ? *decision.plan.position : source.current_end();
    decision.target = inputs.target;
    const bool is_exact =
        exactly_once && inputs.target &&
        decision.position->compare(*inputs.target) == std::partial_ordering::equivalent;
    decision.holding =
        holding_of(config.runtime.log_dir, decision.identity, source, *decision.position, is_exact);
    return decision;
}

std::string judge_source(const std::filesystem::path& directory, Source& source) {
    auto identity = source.identity();
    const auto recorded = DirectoryState::read(directory).source;
    const bool succeeds = recorded && *recorded != identity && source.may_succeed(*recorded);
    if (!succeeds) require_source(directory, identity);
    return identity;
}

Holding holding_of(const std::filesystem::path& directory, const std::string& identity,
                   Source& source, const Position& position, bool is_exact) {
    auto holding = source.holds(position);
    const auto recorded = DirectoryState::read(directory).source;
    if (!holding.held || !recorded || *recorded == identity) return holding;
    if (!is_exact)
        return {false,
                fmt::format("the source was {}, and is {} now: what the target holds beyond its "
                            "record is not known, and the source may have lost it",
                            *recorded, identity),
                "copy the tables anew, and start with an empty log directory. Only with "
                "[pipeline] exactly_once does the target say exactly what it holds"};
    return source.succeeds(*recorded, position);
}

void require_held(const Position& position, const Holding& holding) {
    if (holding.held) return;
    throw Error(ErrorKind::gap,
                fmt::format("the source no longer holds what follows {}: {}", position.to_json(),
                            holding.detail),
                holding.hint);
}

}  // namespace dts
