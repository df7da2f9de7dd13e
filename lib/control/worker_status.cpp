#include "lib/control/worker_status.hpp"

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lib/base/error.hpp"
#include "lib/base/utf8.hpp"

namespace dts {

namespace {

constexpr std::array<std::string_view, 8> state_names = {
    "starting", "streaming", "caught up", "retrying", "stopped", "failed", "gap", "finished"};

/// The fields and their keys, once for both ways.
template <typename Status, typename Visit>
void for_each_field(Status& status, Visit&& visit) {
    visit("name", status.name);
    visit("task_id", status.task_id);
    visit("version", status.version);
    visit("pid", status.pid);
    visit("state", status.state);
    visit("reason", status.reason);
    visit("since_us", status.since_us);
    visit("started_us", status.started_us);
    visit("source", status.source);
    visit("target", status.target);
    visit("checkpoint", status.checkpoint);
    visit("current", status.current);
    visit("recorded_us", status.recorded_us);
    visit("lag_seconds", status.lag_seconds);
    visit("extracted_changes", status.extracted_changes);
    visit("extracted_bytes", status.extracted_bytes);
    visit("applied_changes", status.applied_changes);
    visit("applied_bytes", status.applied_bytes);
    visit("extracted_per_second", status.extracted_per_second);
    visit("applied_per_second", status.applied_per_second);
    visit("queue_bytes", status.queue_bytes);
    visit("apply_latency", status.apply_latency);
    visit("retries", status.retries);
    visit("last_error", status.last_error);
    visit("last_error_us", status.last_error_us);
}

class FieldWriter {
  public:
    explicit FieldWriter(rapidjson::StringBuffer& buffer) : json_(buffer) {}

    template <typename Field>
    void operator()(const char* key, const Field& field) {
        json_.Key(key);
        write(field);
    }
    void begin() { json_.StartObject(); }
    void end() { json_.EndObject(); }

  private:
    void write(std::string_view text) {
        const std::string valid = valid_utf8(text);
        json_.String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
    }
    void write(std::int64_t number) { json_.Int64(number); }
    void write(std::uint64_t number) { json_.Uint64(number); }
    void write(double number) { json_.Double(std::isfinite(number) ? number : -1); }
    void write(TaskState state) { write(name_of(state)); }
    void write(const LatencyCounts& latency) {
        json_.StartObject();
        json_.Key("bounds_ms");
        json_.StartArray();
        for (const std::uint32_t bound : LatencyCounts::bounds_ms) json_.Uint(bound);
        json_.EndArray();
        json_.Key("counts");
        json_.StartArray();
        for (const std::uint64_t count : latency.counts) json_.Uint64(count);
        json_.EndArray();
        (*this)("sum_us", latency.sum_us);
        json_.EndObject();
    }

    rapidjson::Writer<rapidjson::StringBuffer> json_;
};

/// A key that is missing, or of a type of another version, leaves the field as it is.
class FieldReader {
  public:
    explicit FieldReader(const rapidjson::Value& object) : object_(object) {}

    template <typename Field>
    void operator()(const char* key, Field& field) const {
        const auto member = object_.FindMember(key);
        if (member != object_.MemberEnd()) read(member->value, field);
    }

  private:
    using Json = rapidjson::Value;

    static void read(const Json& json, std::string& text) {
        if (json.IsString()) text.assign(json.GetString(), json.GetStringLength());
    }
    static void read(const Json& json, std::int64_t& number) {
        if (json.IsInt64()) number = json.GetInt64();
    }
    static void read(const Json& json, std::uint64_t& number) {
        if (json.IsUint64()) number = json.GetUint64();
    }
    static void read(const Json& json, double& number) {
        if (json.IsNumber()) number = json.GetDouble();
    }
    static void read(const Json& json, TaskState& state) {
        if (!json.IsString()) return;
        if (const auto known = task_state_of({json.GetString(), json.GetStringLength()})) {
            state = *known;
        }
    }
    static void read(const Json& json, LatencyCounts& latency) {
        if (!json.IsObject()) return;
        const auto counts = json.FindMember("counts");
        // Counts of other bounds cannot be shown as ours.
        if (counts == json.MemberEnd() || !has_our_bounds(json) || !counts->value.IsArray() ||
            counts->value.Size() != latency.counts.size()) {
            return;
        }
        for (rapidjson::SizeType i = 0; i < counts->value.Size(); ++i) {
            read(counts->value[i], latency.counts[i]);
        }
        const FieldReader fields(json);
        fields("sum_us", latency.sum_us);
    }
    static bool has_our_bounds(const Json& latency) {
        const auto bounds = latency.FindMember("bounds_ms");
        if (bounds == latency.MemberEnd() || !bounds->value.IsArray()) return false;
        const auto array = bounds->value.GetArray();
        return std::equal(array.begin(), array.end(), LatencyCounts::bounds_ms.begin(),
                          LatencyCounts::bounds_ms.end(), [](const Json& a, std::uint32_t b) {
                              return a.IsUint() && a.GetUint() == b;
                          });
    }

    const rapidjson::Value& object_;
};

[[noreturn]] void refuse(std::string_view why) {
    throw Error(ErrorKind::bug, fmt::format("what a worker says of itself {}", why));
}

}  // namespace

std::string_view name_of(TaskState state) noexcept {
    const auto index = static_cast<std::size_t>(state);
    return index < state_names.size() ? state_names[index] : "?";
}

std::optional<TaskState> task_state_of(std::string_view name) noexcept {
    const auto found = std::find(state_names.begin(), state_names.end(), name);
    if (found == state_names.end()) return std::nullopt;
    return static_cast<TaskState>(found - state_names.begin());
}

std::uint64_t LatencyCounts::total() const noexcept {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

std::string to_json(const WorkerStatus& status) {
    rapidjson::StringBuffer buffer;
    FieldWriter writer(buffer);
    writer.begin();
    for_each_field(status, writer);
    writer.end();
    return {buffer.GetString(), buffer.GetSize()};
}

WorkerStatus worker_status_of(std::string_view json) {
    // Iterative: nesting from outside must not use up the stack.
    constexpr unsigned flags =
        rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
    rapidjson::Document document;
    document.Parse<flags>(json.data(), json.size());
    if (document.HasParseError()) {
        refuse(fmt::format("is no JSON: {} at byte {}",
                           rapidjson::GetParseError_En(document.GetParseError()),
                           document.GetErrorOffset()));
    }
    if (!document.IsObject()) refuse("is no JSON object");
    WorkerStatus status;
    for_each_field(status, FieldReader(document));
    return status;
}

}  // namespace dts
