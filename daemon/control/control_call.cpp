#include "daemon/control/control_call.hpp"

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "lib/base/error.hpp"
#include "lib/base/utf8.hpp"

namespace dts {

namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

constexpr std::array<std::string_view, 4> fault_names = {"bad_call", "no_task", "not_allowed",
                                                         "failed"};

void put(Writer& json, const char* key, std::string_view text) {
    json.Key(key);
    const std::string valid = valid_utf8(text);
    json.String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
}

std::string line_of(const rapidjson::StringBuffer& buffer) {
    return std::string(buffer.GetString(), buffer.GetSize()) + '\n';
}

std::string text_of(const rapidjson::Value& object, const char* key) {
    const auto found = object.FindMember(key);
    if (found == object.MemberEnd() || !found->value.IsString()) return {};
    return {found->value.GetString(), found->value.GetStringLength()};
}

rapidjson::Document parse(std::string_view line) {
    rapidjson::Document document;
    document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(
        line.data(), line.size());
    return document;
}

}  // namespace

std::string_view name_of(ControlFault fault) noexcept {
    const auto index = static_cast<std::size_t>(fault);
    return index < fault_names.size() ? fault_names[index] : "failed";
}

std::string call_line(const ControlCall& call) {
    rapidjson::StringBuffer buffer;
    Writer json(buffer);
    json.StartObject();
    put(json, "call", call.call);
    if (!call.task.empty()) put(json, "task", call.task);
    if (!call.file.empty()) put(json, "file", call.file);
    json.EndObject();
    return line_of(buffer);
}

std::string result_line(std::string_view result) {
    return fmt::format("{{\"ok\":true,\"result\":{}}}\n", result);
}

std::string refusal_line(const ControlRefusal& refusal) {
    rapidjson::StringBuffer buffer;
    Writer json(buffer);
    json.StartObject();
    json.Key("ok");
    json.Bool(false);
    put(json, "error", refusal.error);
    put(json, "hint", refusal.hint);
    put(json, "code", name_of(refusal.fault));
    json.EndObject();
    return line_of(buffer);
}

std::string problem_json(std::string_view problem) {
    rapidjson::StringBuffer buffer;
    Writer json(buffer);
    json.StartObject();
    put(json, "problem", problem);
    json.EndObject();
    return {buffer.GetString(), buffer.GetSize()};
}

std::string problem_of(std::string_view json) {
    const rapidjson::Document document = parse(json);
    return document.IsObject() ? text_of(document, "problem") : std::string();
}

std::optional<ControlCall> parse_call(std::string_view line) {
    const rapidjson::Document document = parse(line);
    if (document.HasParseError() || !document.IsObject()) return std::nullopt;
    ControlCall call{text_of(document, "call"), text_of(document, "task"),
                     text_of(document, "file")};
    if (call.call.empty()) return std::nullopt;
    return call;
}

ControlAnswer parse_answer(std::string_view line) {
    const rapidjson::Document document = parse(line);
    if (document.HasParseError() || !document.IsObject()) {
        throw Error(ErrorKind::bug, "what dtsd answered is no JSON object");
    }
    ControlAnswer answer;
    const auto ok = document.FindMember("ok");
    const auto result = document.FindMember("result");
    if (ok != document.MemberEnd() && ok->value.IsTrue() && result != document.MemberEnd()) {
        rapidjson::StringBuffer buffer;
        Writer writer(buffer);
        result->value.Accept(writer);
        answer.result.assign(buffer.GetString(), buffer.GetSize());
        return answer;
    }
    answer.refusal.emplace();
    answer.refusal->error = text_of(document, "error");
    answer.refusal->hint = text_of(document, "hint");
    const std::string code = text_of(document, "code");
    for (std::size_t i = 0; i < fault_names.size(); ++i) {
        if (fault_names[i] == code) answer.refusal->fault = static_cast<ControlFault>(i);
    }
    return answer;
}

ControlRefusal refusal_of(ControlFault fault, std::string_view message) {
    constexpr std::string_view mark = ", HINT: ";
    const auto at = message.rfind(mark);
    if (at == std::string_view::npos) return {fault, std::string(message), ""};
    return {fault, std::string(message.substr(0, at)),
            std::string(message.substr(at + mark.size()))};
}

}  // namespace dts
