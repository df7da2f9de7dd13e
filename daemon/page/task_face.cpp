#include "daemon/page/task_face.hpp"

#include <fmt/format.h>

#include "daemon/page/html_text.hpp"
#include "daemon/worker/status_line.hpp"

namespace dts {

namespace {

constexpr std::string_view unknown = "–";

/// "text, HINT: hint" as two paragraphs.
std::string reason_html(std::string_view label, std::string_view reason) {
    constexpr std::string_view mark = "HINT: ";
    std::string_view hint;
    if (const auto at = reason.rfind(mark); at != std::string_view::npos) {
        hint = reason.substr(at + mark.size());
        reason = reason.substr(0, at);
        while (!reason.empty() && (reason.back() == ' ' || reason.back() == ',')) {
            reason.remove_suffix(1);
        }
    }
    std::string html;
    if (!reason.empty()) html = fmt::format("<p><b>{}</b> {}</p>", label, escaped(reason));
    if (!hint.empty()) html += fmt::format(R"(<p class="hint">Hint: {}</p>)", escaped(hint));
    return html;
}

std::string end_html(const UnitState& unit) {
    std::string end;
    if (unit.exit_code) end = fmt::format("The worker ended with exit code {}", *unit.exit_code);
    if (unit.signal) end = fmt::format("The worker was ended by signal {}", *unit.signal);
    if (end.empty()) return {};
    if (!unit.detail.empty()) end += " (" + unit.detail + ")";
    return fmt::format(R"(<p class="hint">{}.</p>)", escaped(end));
}

}  // namespace

std::string_view name_of(Tone tone) noexcept {
    switch (tone) {
        case Tone::ok:
            return "ok";
        case Tone::busy:
            return "busy";
        case Tone::warning:
            return "warning";
        case Tone::alarm:
            return "alarm";
        case Tone::rest:
            break;
    }
    return "rest";
}

Tone tone_of(TaskState state) noexcept {
    switch (state) {
        case TaskState::gap:
        case TaskState::failed:
            return Tone::alarm;
        case TaskState::retrying:
            return Tone::warning;
        case TaskState::starting:
        case TaskState::streaming:
            return Tone::busy;
        case TaskState::caught_up:
            return Tone::ok;
        case TaskState::stopped:
        case TaskState::finished:
            break;
    }
    return Tone::rest;
}

TaskFace face_of(const TaskView& task) {
    TaskFace face{.word = name_of(task.state), .tone = tone_of(task.state)};
    const auto stands = [&](TaskGroup group, int rank) {
        face.group = group;
        face.rank = rank;
    };
    switch (task.state) {
        case TaskState::gap:
            stands(TaskGroup::attention, 0);
            break;
        case TaskState::failed:
            stands(TaskGroup::attention, 1);
            break;
        case TaskState::retrying:
            stands(TaskGroup::attention, 3);
            break;
        case TaskState::starting:
        case TaskState::streaming:
        case TaskState::caught_up:
            stands(TaskGroup::running, 4);
            break;
        case TaskState::stopped:
            stands(TaskGroup::at_rest, 5);
            break;
        case TaskState::finished:
            stands(TaskGroup::at_rest, 6);
            break;
    }
    if (task.state == TaskState::stopped && !task.enabled) {
        face.word = "disabled";
        face.rank = 7;
    }
    if (!task.ini_problem.empty() && face.tone != Tone::alarm) {
        // It runs on with its former settings, or does not run at all: either way somebody must
        // act.
        face.group = TaskGroup::attention;
        face.rank = 2;
        face.tone = Tone::warning;
    }
    return face;
}

std::string task_notes(const TaskView& task, std::int64_t now_us) {
    const TaskFace face = face_of(task);
    const bool ended = face.tone == Tone::alarm;
    std::string html;
    const bool ini_is_why = !task.ini_problem.empty() && task.reason == task.ini_problem;
    if (face.group == TaskGroup::attention && !ini_is_why) {
        html += reason_html(ended ? "Reason:" : "Why:", task.reason);
    } else if (!task.reason.empty() && !ini_is_why) {
        html += fmt::format(R"(<p class="hint">{}</p>)", escaped(task.reason));
    }
    if (!task.ini_problem.empty()) html += reason_html("The ini is not used:", task.ini_problem);
    if (face.group == TaskGroup::attention && task.worker && !task.worker->last_error.empty() &&
        task.worker->last_error != task.reason) {
        html += reason_html(
            fmt::format(
                "Last error, {} ago:",
                seconds_text(static_cast<double>(now_us - task.worker->last_error_us) / 1e6)),
            task.worker->last_error);
    }
    if (ended) html += end_html(task.unit);
    if (face.group == TaskGroup::attention) {
        html += R"(<p class="try">)";
        const auto offer = [&](std::string_view command, std::string_view object) {
            html += fmt::format("<code>dtsctl {} {}</code>", command, escaped(object));
        };
        if (!task.ini_problem.empty() && !task.ini.empty()) {
            offer("validate", task.ini.native());
        } else {
            offer("explain", task.name);
        }
        offer("logs", task.name);
        if (ended && task.ini_problem.empty()) offer("restart", task.name);
        html += "</p>";
    }
    return html;
}

std::string state_pill(const TaskView& task) {
    return fmt::format(R"(<span class="pill {}">{}</span>)", name_of(tone_of(task.state)),
                       face_of(task).word);
}

std::string route_html(const TaskView& task) {
    if (task.source.empty() && task.target.empty()) return {};
    const auto end = [](std::string_view arrow, const std::string& text) {
        const std::string name = text.empty() ? std::string("?") : escaped(text);
        return fmt::format(R"(<span class="end" title="{1}">{0}{1}</span>)", arrow, name);
    };
    return end("", task.source) + " " + end("→ ", task.target);
}

std::string lag_html(const TaskView& task) {
    if (!task.worker || !(task.worker->lag_seconds >= 0)) return std::string(unknown);
    return escaped(seconds_text(task.worker->lag_seconds));
}

std::string position_html(const TaskView& task) {
    const std::string position =
        task.worker ? short_position(task.worker->checkpoint) : std::string();
    if (position.empty()) return std::string(unknown);
    return fmt::format(R"(<span class="mono" title="{}">{}</span>)",
                       escaped(task.worker->checkpoint), escaped(position));
}

}  // namespace dts
