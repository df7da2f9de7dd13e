#include "daemon/dtsctl/task_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "daemon/supervisor/supervised_task.hpp"
#include "daemon/worker/status_line.hpp"
#include "lib/base/clock_text.hpp"
#include "lib/base/utf8.hpp"

namespace dts {

namespace {

constexpr std::size_t longest_reason = 2000;

std::string_view colour_of(const TaskView& view) {
    switch (view.state) {
        case TaskState::streaming:
        case TaskState::caught_up:
        case TaskState::finished:
            return "\x1b[32m";
        case TaskState::starting:
        case TaskState::retrying:
            return "\x1b[33m";
        case TaskState::failed:
        case TaskState::gap:
            return "\x1b[31m";
        case TaskState::stopped:
            return "\x1b[2m";
    }
    return "";
}

std::string coloured(std::string_view text, std::string_view colour, const TextStyle& style) {
    return style.colour ? fmt::format("{}{}\x1b[0m", colour, text) : std::string(text);
}

/// How many places a text takes: one for each character, as ours are.
std::size_t places_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
}

std::string padded(std::string_view text, std::size_t width) {
    std::string result(text);
    result.append(width - std::min(width, places_of(text)), ' ');
    return result;
}

/// The first `width` characters; their colours are not counted.
std::string cut(const std::string& line, std::size_t width) {
    if (width == 0) return line;
    std::string result;
    std::size_t places = 0;
    bool in_colour = false, is_cut = false;
    for (const char c : line) {
        if (c == '\x1b') in_colour = true;
        const bool begins = (static_cast<unsigned char>(c) & 0xc0U) != 0x80;
        if (!in_colour && begins && ++places > width) is_cut = true;
        if (in_colour || !is_cut) result += c;
        if (in_colour && c == 'm') in_colour = false;
    }
    return result;
}

std::string since_text(const TaskView& view, const TextStyle& style) {
    return view.since_us == 0 ? "-" : duration_text(style.now_us - view.since_us);
}

std::string rate_text(const TaskView& view) {
    return view.worker ? short_count(view.worker->applied_per_second) + "/s" : "-";
}

std::string position_text(const ShownTask& task) {
    const std::string text = short_position(task.checkpoint);
    return text.empty() ? "-" : one_line(text, 60);
}

std::string way_text(const TaskView& view) {
    if (view.source.empty()) return "-";
    return fmt::format("{} → {}", view.source, view.target.empty() ? "-" : view.target);
}

constexpr std::size_t columns = 7;
using Row = std::array<std::string, columns>;

Row row_of(const ShownTask& task, const TextStyle& style) {
    const TaskView& view = task.view;
    return {view.name,
            std::string(name_of(view.state)),
            way_text(view),
            view.worker ? lag_text(view.worker->lag_seconds) : "-",
            rate_text(view),
            position_text(task),
            since_text(view, style)};
}

/// What somebody should know of it beyond its row.
std::vector<std::string> notes_of(const TaskView& view) {
    std::vector<std::string> notes;
    if (!view.reason.empty()) notes.push_back(view.reason);
    if (!view.ini_problem.empty() && view.ini_problem != view.reason) {
        notes.push_back("its ini is not used: " + view.ini_problem);
    }
    return notes;
}

std::string time_text(std::int64_t us) {
    return us == 0 ? "-" : microsecond_text(us).substr(0, 19);
}

/// "what        text", when there is a text.
void add(std::string& page, std::string_view what, std::string_view text) {
    if (!text.empty()) page += fmt::format("{:<14} {}\n", what, one_line(text, longest_reason));
}

std::string process_text(const UnitState& unit) {
    std::string text(name_of(unit.active));
    if (unit.pid != 0) text += fmt::format(", pid {}", unit.pid);
    if (unit.restarts > 0) text += fmt::format(", restarted {} times by itself", unit.restarts);
    if (unit.exit_code) text += fmt::format("; last {}", meaning_of_exit(*unit.exit_code));
    if (unit.signal) text += fmt::format("; last ended by signal {}", *unit.signal);
    return text;
}

}  // namespace

std::string duration_text(std::int64_t us) {
    const std::int64_t s = std::max<std::int64_t>(us, 0) / 1'000'000;
    if (s < 60) return fmt::format("{} s", s);
    if (s < 3600) return fmt::format("{} min", s / 60);
    if (s < 86400) return fmt::format("{} h {} min", s / 3600, s / 60 % 60);
    return fmt::format("{} d {} h", s / 86400, s / 3600 % 24);
}

std::string lag_text(double seconds) {
    if (seconds < 0) return "-";
    if (seconds < 120) return fmt::format("{:.1f} s", seconds);
    return duration_text(static_cast<std::int64_t>(seconds * 1e6));
}

std::string task_table(const std::vector<ShownTask>& tasks, const TextStyle& style) {
    const Row titles = {"TASK", "STATE", "SOURCE → TARGET", "LAG", "RATE", "POSITION", "SINCE"};
    std::vector<Row> rows;
    std::array<std::size_t, columns> widths{};
    for (std::size_t i = 0; i < columns; ++i) widths[i] = places_of(titles[i]);
    for (const ShownTask& task : tasks) {
        rows.push_back(row_of(task, style));
        for (std::size_t i = 0; i < columns; ++i) {
            widths[i] = std::max(widths[i], places_of(rows.back()[i]));
        }
    }
    const auto line_of = [&](const Row& row, std::string_view colour) {
        std::string line;
        for (std::size_t i = 0; i < columns; ++i) {
            const bool is_last = i + 1 == columns;
            const std::string cell = is_last ? row[i] : padded(row[i], widths[i]);
            line += i == 1 && !colour.empty() ? coloured(cell, colour, style) : cell;
            if (!is_last) line += "  ";
        }
        return cut(line, style.width) + '\n';
    };
    std::string text = line_of(titles, "");
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        text += line_of(rows[i], colour_of(tasks[i].view));
        for (const std::string& note : notes_of(tasks[i].view)) {
            text += cut(fmt::format("  {}", one_line(note, longest_reason)), style.width) + '\n';
        }
    }
    return text;
}

std::string task_page(const ShownTask& task, const TextStyle& style) {
    const TaskView& view = task.view;
    std::string page;
    page += fmt::format("{:<14} {}\n", view.name,
                        coloured(name_of(view.state), colour_of(view), style));
    add(page, "  reason", view.reason);
    add(page, "  since",
        view.since_us == 0
            ? std::string()
            : fmt::format("{} UTC, {}", time_text(view.since_us), since_text(view, style)));
    add(page, "  source", view.source);
    add(page, "  target", view.target);
    add(page, "  position", task.checkpoint);
    if (view.worker) {
        const WorkerStatus& worker = *view.worker;
        if (worker.recorded_us != 0) {
            add(page, "  recorded", fmt::format("{} UTC", time_text(worker.recorded_us)));
        }
        add(page, "  lag", lag_text(worker.lag_seconds));
        add(page, "  extracted",
            fmt::format("{} changes, {} bytes, {}/s", worker.extracted_changes,
                        worker.extracted_bytes, short_count(worker.extracted_per_second)));
        add(page, "  applied",
            fmt::format("{} changes, {} bytes, {}/s", worker.applied_changes, worker.applied_bytes,
                        short_count(worker.applied_per_second)));
        add(page, "  queue", fmt::format("{} bytes", worker.queue_bytes));
        add(page, "  retries", fmt::format("{}", worker.retries));
        if (!worker.last_error.empty()) {
            add(page, "  last error",
                fmt::format("{} UTC: {}", time_text(worker.last_error_us), worker.last_error));
        }
        add(page, "  task_id", worker.task_id);
    }
    add(page, "  process", process_text(view.unit));
    add(page, "  ini", view.ini.empty() ? std::string("(gone)") : view.ini.string());
    if (!view.enabled) add(page, "  enabled", "false");
    add(page, "  ini problem", view.ini_problem);
    add(page, "  logs", view.log_directory.string());
    return page;
}

std::string task_line(const ShownTask& task) {
    const TaskView& view = task.view;
    std::string line = fmt::format("{} {} lag {} {} {}", view.name, name_of(view.state),
                                   view.worker ? lag_text(view.worker->lag_seconds) : "-",
                                   rate_text(view), position_text(task));
    for (const std::string& note : notes_of(view)) line += ": " + one_line(note, longest_reason);
    return line;
}

}  // namespace dts
