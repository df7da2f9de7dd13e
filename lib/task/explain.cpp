#include "lib/task/explain.hpp"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "lib/pipeline/filter.hpp"
#include "lib/task/factory.hpp"

namespace dts {

namespace {

std::string start_word(const ResumePlan& plan) {
    return plan.is_resume ? "resume from" : "starts from";
}

std::string target_text(const PositionPtr& target) {
    return target ? target->to_json() : "none";
}

}  // namespace

Explanation explain(const TaskConfig& config) {
    const Filter filter(filter_rules(config));
    SourceMemory memory;
    const auto source = make_source(config, filter, memory);
    const auto sink = make_sink(config, {});
    source->preflight();
    const auto record = sink->read_checkpoint();
    const bool exactly_once =
        config.pipeline.exactly_once != ExactlyOnce::off && !sink->checkpoint_place().empty();
    return {decide_start(config, all_codecs(), *source,
                         DirectoryState::read(config.runtime.log_dir), exactly_once, record,
                         sink->checkpoint_place())};
}

std::string Explanation::text() const {
    const ResumePlan& plan = decision.plan;
    const Holding& holding = decision.holding;
    std::string out;
    if (holding.held) {
        out += fmt::format("{}: {}\n", start_word(plan), decision.position->to_json());
    }
    out += fmt::format("found in: {}\nreason: {}\n", plan.found_in, plan.reason);
    out += fmt::format("source holds it: {}, {}\n", holding.held ? "yes" : "no", holding.detail);
    out += fmt::format("target's checkpoint: {}\n", target_text(decision.target));
    for (const std::string& warning : plan.warnings) out += fmt::format("warning: {}\n", warning);
    return out;
}

std::string Explanation::json() const {
    const ResumePlan& plan = decision.plan;
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    const auto raw = [&](const std::string& json) {
        writer.RawValue(json.data(), json.size(), rapidjson::kObjectType);
    };
    writer.StartObject();
    if (decision.holding.held) {
        writer.Key(start_word(plan).c_str());
        raw(decision.position->to_json());
    }
    writer.Key("found in");
    writer.String(plan.found_in);
    writer.Key("reason");
    writer.String(plan.reason);
    writer.Key("source holds it");
    writer.Bool(decision.holding.held);
    writer.Key("source says");
    writer.String(decision.holding.detail);
    writer.Key("target's checkpoint");
    if (decision.target) {
        raw(decision.target->to_json());
    } else {
        writer.Null();
    }
    writer.Key("warnings");
    writer.StartArray();
    for (const std::string& warning : plan.warnings) writer.String(warning);
    writer.EndArray();
    writer.EndObject();
    return buffer.GetString();
}

}  // namespace dts
