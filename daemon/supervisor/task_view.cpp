#include "daemon/supervisor/task_view.hpp"

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/base/utf8.hpp"

namespace dts {

namespace {

using Json = rapidjson::Value;
using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

constexpr std::array<std::string_view, 6> active_names = {"inactive", "starting",   "running",
                                                          "stopping", "restarting", "failed"};

void put(Writer& json, const char* key, std::string_view text) {
    json.Key(key);
    const std::string valid = valid_utf8(text);
    json.String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
}

void put(Writer& json, const char* key, std::int64_t number) {
    json.Key(key);
    json.Int64(number);
}

void put(Writer& json, const char* key, const std::optional<int>& number) {
    json.Key(key);
    if (number) {
        json.Int(*number);
    } else {
        json.Null();
    }
}

void put_unit(Writer& json, const UnitState& unit) {
    json.StartObject();
    put(json, "active", name_of(unit.active));
    put(json, "pid", unit.pid);
    put(json, "exit_code", unit.exit_code);
    put(json, "signal", unit.signal);
    json.Key("restarts");
    json.Uint64(unit.restarts);
    put(json, "since_us", unit.since_us);
    put(json, "detail", unit.detail);
    json.EndObject();
}

std::string text_of(const Json& object, const char* key) {
    const auto found = object.FindMember(key);
    if (found == object.MemberEnd() || !found->value.IsString()) return {};
    return {found->value.GetString(), found->value.GetStringLength()};
}

std::int64_t number_of(const Json& object, const char* key) {
    const auto found = object.FindMember(key);
    return found != object.MemberEnd() && found->value.IsInt64() ? found->value.GetInt64() : 0;
}

std::optional<int> small_number_of(const Json& object, const char* key) {
    const auto found = object.FindMember(key);
    if (found == object.MemberEnd() || !found->value.IsInt()) return std::nullopt;
    return found->value.GetInt();
}

UnitState unit_of(const Json& object) {
    UnitState unit;
    const auto name = std::ranges::find(active_names, text_of(object, "active"));
    if (name != active_names.end()) {
        unit.active = static_cast<UnitState::Active>(name - active_names.begin());
    }
    unit.pid = number_of(object, "pid");
    unit.exit_code = small_number_of(object, "exit_code");
    unit.signal = small_number_of(object, "signal");
    unit.restarts =
        static_cast<std::uint64_t>(std::max<std::int64_t>(number_of(object, "restarts"), 0));
    unit.since_us = number_of(object, "since_us");
    unit.detail = text_of(object, "detail");
    return unit;
}

WorkerStatus worker_of(const Json& object) {
    rapidjson::StringBuffer buffer;
    Writer writer(buffer);
    object.Accept(writer);
    return worker_status_of({buffer.GetString(), buffer.GetSize()});
}

[[noreturn]] void refuse() {
    throw Error(ErrorKind::bug, "what the daemon says of a task is no JSON object");
}

rapidjson::Document parsed(std::string_view json) {
    rapidjson::Document document;
    document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
    if (document.HasParseError()) refuse();
    return document;
}

TaskView view_of(const Json& object) {
    if (!object.IsObject()) refuse();
    TaskView view;
    view.name = text_of(object, "name");
    view.ini = text_of(object, "ini");
    view.log_directory = text_of(object, "log_directory");
    const auto enabled = object.FindMember("enabled");
    view.enabled = enabled == object.MemberEnd() || !enabled->value.IsFalse();
    view.ini_problem = text_of(object, "ini_problem");
    view.state = task_state_of(text_of(object, "state")).value_or(TaskState::stopped);
    view.reason = text_of(object, "reason");
    view.since_us = number_of(object, "since_us");
    view.source = text_of(object, "source");
    view.target = text_of(object, "target");
    const auto unit = object.FindMember("unit");
    if (unit != object.MemberEnd() && unit->value.IsObject()) view.unit = unit_of(unit->value);
    const auto worker = object.FindMember("worker");
    if (worker != object.MemberEnd() && worker->value.IsObject()) {
        view.worker = worker_of(worker->value);
    }
    return view;
}

}  // namespace

std::string_view name_of(UnitState::Active active) noexcept {
    const auto index = static_cast<std::size_t>(active);
    return index < active_names.size() ? active_names[index] : "?";
}

std::string to_json(const TaskView& view) {
    rapidjson::StringBuffer buffer;
    Writer json(buffer);
    json.StartObject();
    put(json, "name", view.name);
    put(json, "ini", view.ini.string());
    put(json, "log_directory", view.log_directory.string());
    json.Key("enabled");
    json.Bool(view.enabled);
    put(json, "ini_problem", view.ini_problem);
    put(json, "state", name_of(view.state));
    put(json, "reason", view.reason);
    put(json, "since_us", view.since_us);
    put(json, "source", view.source);
    put(json, "target", view.target);
    json.Key("unit");
    put_unit(json, view.unit);
    json.Key("worker");
    if (view.worker) {
        const std::string worker = to_json(*view.worker);
        json.RawValue(worker.data(), worker.size(), rapidjson::kObjectType);
    } else {
        json.Null();
    }
    json.EndObject();
    return {buffer.GetString(), buffer.GetSize()};
}

TaskView task_view_of(std::string_view json) {
    return view_of(parsed(json));
}

std::vector<TaskView> task_views_of(std::string_view json) {
    const rapidjson::Document document = parsed(json);
    if (!document.IsArray()) refuse();
    std::vector<TaskView> views;
    for (const Json& object : document.GetArray()) views.push_back(view_of(object));
    return views;
}

}  // namespace dts
