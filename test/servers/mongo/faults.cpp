#include "test/servers/mongo/faults.hpp"

#include <algorithm>

#include "test/servers/mongo/failure.hpp"

namespace standin {

void Faults::configure(const Value& command) {
    if (command.text_of("configureFailPoint") != "failCommand") {
        throw failure(code::bad_value, "the only fail point here is failCommand");
    }
    const Value* mode = command.find("mode");
    const Value* data = command.find("data");
    if (mode && mode->text() == "off") {
        armed_.clear();
        return;
    }
    if (mode == nullptr || data == nullptr) {
        throw failure(code::failed_to_parse, "failCommand needs mode and data");
    }
    Armed armed;
    armed.times = mode->integer_of("times", mode->has("skip") || mode->is_text() ? -1 : 0);
    armed.skip = mode->integer_of("skip");
    armed.ns = data->text_of("namespace");
    if (const Value* names = data->find("failCommands")) {
        for (const auto& name : names->elements()) armed.commands.push_back(name.text());
    }
    Fault& fault = armed.fault;
    if (data->has("errorCode")) fault.error_code = static_cast<int>(data->integer_of("errorCode"));
    if (const Value* labels = data->find("errorLabels")) {
        for (const auto& label : labels->elements()) fault.labels.push_back(label.text());
    }
    if (data->truthy_of("blockConnection")) {
        fault.block_milliseconds = data->integer_of("blockTimeMS");
    }
    fault.close_connection = data->truthy_of("closeConnection");
    fault.close_unanswered = data->truthy_of("closeUnanswered");
    fault.die_unanswered = data->truthy_of("dieUnanswered");
    if (const Value* error = data->find("writeConcernError")) fault.write_concern_error = *error;
    armed_.push_back(std::move(armed));
}

std::optional<Fault> Faults::take(const std::string& command, const std::string& ns) {
    for (auto armed = armed_.begin(); armed != armed_.end(); ++armed) {
        const auto& names = armed->commands;
        if (std::find(names.begin(), names.end(), command) == names.end()) continue;
        if (!armed->ns.empty() && armed->ns != ns) continue;
        if (armed->skip > 0) {
            --armed->skip;
            continue;
        }
        const Fault fault = armed->fault;
        if (armed->times > 0 && --armed->times == 0) armed_.erase(armed);
        return fault;
    }
    return std::nullopt;
}

}  // namespace standin
