#include <fmt/format.h>

#include <algorithm>

#include "daemon/page/html_text.hpp"
#include "daemon/page/lag_chart.hpp"
#include "daemon/page/status_page.hpp"
#include "daemon/page/task_face.hpp"
#include "daemon/worker/status_line.hpp"

namespace dts {

namespace {

/// A list of terms and what they are; empty values are left out.
class Facts {
  public:
    /// `value` is HTML.
    void html(std::string_view term, std::string_view value) {
        if (value.empty()) return;
        html_ += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", term, value);
    }
    void text(std::string_view term, std::string_view value) { html(term, escaped(value)); }
    void code(std::string_view term, std::string_view value) {
        if (!value.empty()) html(term, fmt::format("<code>{}</code>", escaped(value)));
    }
    /// `form`: the list's class, "" for narrow columns.
    std::string card(std::string_view title, std::string_view form = {}) const {
        if (html_.empty()) return {};
        return fmt::format(
            R"(<section class="card"><h2><b>{}</b></h2><dl class="{}">{}</dl></section>)", title,
            form, html_);
    }

  private:
    std::string html_;
};

double seconds_since(std::int64_t at_us, std::int64_t now_us) {
    return static_cast<double>(now_us - at_us) / 1e6;
}

/// "12 s ago"; "" when it has not happened.
std::string ago(std::int64_t at_us, std::int64_t now_us) {
    if (at_us <= 0) return {};
    return seconds_text(seconds_since(at_us, now_us)) + " ago";
}

/// The bound below which that part of the groups stayed: "≤ 25 ms".
std::string latency_text(const LatencyCounts& latency, double part) {
    std::uint64_t total = 0;
    for (const std::uint64_t count : latency.counts) total += count;
    if (total == 0) return {};
    std::uint64_t up_to = 0;
    for (std::size_t i = 0; i < latency.bounds_ms.size(); ++i) {
        up_to += latency.counts[i];
        if (static_cast<double>(up_to) >= part * static_cast<double>(total)) {
            return fmt::format("≤ {} ms", latency.bounds_ms[i]);
        }
    }
    return fmt::format("> {} ms", latency.bounds_ms.back());
}

std::string progress_card(const WorkerStatus& worker, std::int64_t now_us) {
    Facts facts;
    facts.text("Lag", worker.lag_seconds >= 0 ? seconds_text(worker.lag_seconds) : "not known yet");
    facts.text("Applied", fmt::format("{} changes/s", short_count(worker.applied_per_second)));
    facts.text("Extracted", fmt::format("{} changes/s", short_count(worker.extracted_per_second)));
    const auto sum = [](std::uint64_t changes, std::uint64_t bytes) {
        return fmt::format("{} changes<br>{}", grouped_text(changes), bytes_text(bytes));
    };
    facts.html("Applied in all", sum(worker.applied_changes, worker.applied_bytes));
    facts.html("Extracted in all", sum(worker.extracted_changes, worker.extracted_bytes));
    facts.text("Waiting to be applied", bytes_text(worker.queue_bytes));
    facts.text("Half of all groups applied in", latency_text(worker.apply_latency, 0.5));
    facts.text("99 of 100 groups applied in", latency_text(worker.apply_latency, 0.99));
    facts.text("Position recorded", ago(worker.recorded_us, now_us));
    facts.text("Retries", fmt::format("{}", worker.retries));
    return facts.card("Progress since the worker started");
}

std::string process_card(const TaskView& task, std::int64_t now_us) {
    Facts facts;
    if (task.unit.pid > 0) facts.text("Process", fmt::format("{}", task.unit.pid));
    if (task.worker) {
        facts.text("Version", task.worker->version);
        facts.text("Worker started", ago(task.worker->started_us, now_us));
    }
    facts.text("Restarts", fmt::format("{}", task.unit.restarts));
    if (task.unit.exit_code) facts.text("Last exit code", fmt::format("{}", *task.unit.exit_code));
    if (task.unit.signal) facts.text("Last signal", fmt::format("{}", *task.unit.signal));
    facts.text("Service manager says", task.unit.detail);
    facts.text("Enabled", task.enabled ? "yes" : "no");
    return facts.card("Process");
}

}  // namespace

std::string task_html(const TaskView& task, const PageFacts& facts) {
    const TaskFace face = face_of(task);
    const bool attention = face.group == TaskGroup::attention;
    std::string body = fmt::format(
        R"(<main data-task="{0}" data-state="{1}"><div class="lead"><h1>{0}</h1>{2}<p>{3}</p><p class="asof">as of {4}</p></div>
)",
        escaped(task.name), name_of(task.state), state_pill(task), route_html(task),
        time_text(facts.now_us));
    const std::string notes = task_notes(task, facts.now_us);
    if (!notes.empty()) {
        body += fmt::format(R"(<section class="card {}">{}</section>)",
                            attention ? name_of(face.tone) : "", notes);
    }
    const LagChart chart = lag_chart(task.lag_history, facts.now_us, true);
    body +=
        fmt::format(R"(<section class="card"><h2><b>Lag over the last hour</b>{}</h2>{}</section>)",
                    chart.peak_seconds >= 0
                        ? fmt::format(", peak {}", escaped(seconds_text(chart.peak_seconds)))
                        : ", nothing known",
                    chart.svg);
    if (task.worker) body += progress_card(*task.worker, facts.now_us);
    if (task.worker) {
        Facts positions;
        positions.code("Checkpoint: the task resumes here", task.worker->checkpoint);
        positions.code("Current: the last change in the target", task.worker->current);
        positions.code("Task id", task.worker->task_id);
        if (!task.worker->last_error.empty()) {
            positions.text("Last error, " + ago(task.worker->last_error_us, facts.now_us),
                           task.worker->last_error);
        }
        body += positions.card("Position", "long");
    }
    body += process_card(task, facts.now_us);
    Facts files;
    files.code("Settings", task.ini.native());
    files.code("Logs", task.log_directory.native());
    body += files.card("Files", "files");
    body += "</main>";
    return framed_page(facts,
                       face.tone == Tone::alarm ? Mood::alarm
                       : attention              ? Mood::warning
                                                : Mood::calm,
                       fmt::format("{}: {} · dts", task.name, face.word), body);
}

}  // namespace dts
