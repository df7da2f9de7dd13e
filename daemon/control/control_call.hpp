// The words that dtsctl and dtsd speak over dtsd's socket: one JSON object a line, each way.
//
//   {"call":"list"}                           -> {"ok":true,"result":[TASK,...]}
//   {"call":"task","task":NAME}               -> {"ok":true,"result":TASK}
//   {"call":"start|stop|restart","task":NAME} -> {"ok":true,"result":TASK}, when it is done
//   {"call":"validate","file":PATH}           -> {"ok":true,"result":{"problem":TEXT or ""}}
//   {"call":"watch"}                          -> a line as list's now, at each change, each second
//   {"call":"daemon"}                         -> {"ok":true,"result":{"version":...}}
//
// What cannot be done: {"ok":false,"error":TEXT,"hint":TEXT,"code":NAME}. TASK is
// to_json(TaskView).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dts {

struct ControlCall {
    std::string call;
    std::string task;
    std::string file;
};

/// "bad_call" (not understood), "no_task", "not_allowed", "failed".
enum class ControlFault { bad_call, no_task, not_allowed, failed };
std::string_view name_of(ControlFault fault) noexcept;

/// What a refused call is answered with.
struct ControlRefusal {
    ControlFault fault = ControlFault::failed;
    std::string error;
    std::string hint;
};

/// Lines, their ends included.
std::string call_line(const ControlCall& call);
/// `result` is JSON.
std::string result_line(std::string_view result);
std::string refusal_line(const ControlRefusal& refusal);
/// The result of "validate".
std::string problem_json(std::string_view problem);
/// The way back; "" when there is none.
std::string problem_of(std::string_view json);

/// Nothing for what is no call.
std::optional<ControlCall> parse_call(std::string_view line);

struct ControlAnswer {
    std::string result;                     ///< JSON
    std::optional<ControlRefusal> refusal;  ///< instead of it
};
/// Throws Error{bug} for what is no answer.
ControlAnswer parse_answer(std::string_view line);

/// "text, HINT: hint" into its two parts.
ControlRefusal refusal_of(ControlFault fault, std::string_view message);

}  // namespace dts
