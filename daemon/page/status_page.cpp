#include "daemon/page/status_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "daemon/page/html_text.hpp"
#include "daemon/page/lag_chart.hpp"
#include "daemon/page/task_face.hpp"
#include "daemon/worker/status_line.hpp"

namespace dts {

namespace {

struct Entry {
    const TaskView* task;
    TaskFace face;
};

std::vector<Entry> sorted(const std::vector<const TaskView*>& tasks) {
    std::vector<Entry> entries;
    entries.reserve(tasks.size());
    for (const TaskView* task : tasks) entries.push_back({task, face_of(*task)});
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return a.face.rank != b.face.rank ? a.face.rank < b.face.rank : a.task->name < b.task->name;
    });
    return entries;
}

std::string since_html(const TaskView& task, std::int64_t now_us) {
    std::string html = "–";
    if (task.since_us > 0) {
        html =
            fmt::format(R"(<span title="since {}">{}</span>)", time_text(task.since_us),
                        escaped(seconds_text(static_cast<double>(now_us - task.since_us) / 1e6)));
    }
    if (task.unit.restarts > 0) {
        html += fmt::format("<small>{} restart{}</small>", task.unit.restarts,
                            task.unit.restarts == 1 ? "" : "s");
    }
    return html;
}

std::string task_rows(const Entry& entry, std::int64_t now_us) {
    const TaskView& task = *entry.task;
    const LagChart chart = lag_chart(task.lag_history, now_us, false);
    const bool runs = task.worker.has_value();
    const std::string peak =
        chart.peak_seconds >= 0
            ? fmt::format("<small>peak {}</small>", escaped(seconds_text(chart.peak_seconds)))
            : std::string();
    const std::string name = escaped(task.name);
    std::string html = fmt::format(
        R"(<tbody class="task {0}" data-task="{1}" data-state="{2}"><tr class="row">
<td class="c-state">{3}</td>
<td class="c-task"><a class="name" href="/task/{1}">{1}</a><span class="sub">{4}</span></td>
<td class="c-chart{11}">{5}</td>
<td class="c-lag num" data-label="Lag">{6}{7}</td>
<td class="c-rate num" data-label="Changes/s">{8}</td>
<td class="c-pos" data-label="Position">{9}</td>
<td class="c-since num" data-label="Since">{10}</td></tr>
)",
        name_of(entry.face.tone), name, name_of(task.state), state_pill(task), route_html(task),
        chart.svg, lag_html(task), peak, runs ? short_count(task.worker->applied_per_second) : "–",
        position_html(task), since_html(task, now_us), chart.peak_seconds >= 0 ? "" : " unknown");
    const std::string notes = task_notes(task, now_us);
    if (!notes.empty()) {
        html +=
            fmt::format(R"(<tr class="note"><td class="c-state"></td><td colspan="6">{}</td></tr>
)",
                        notes);
    }
    return html + "</tbody>\n";
}

std::string group_html(const std::vector<Entry>& entries, TaskGroup group, std::string_view title,
                       std::int64_t now_us) {
    std::string rows;
    std::size_t count = 0;
    for (const Entry& entry : entries) {
        if (entry.face.group != group) continue;
        rows += task_rows(entry, now_us);
        ++count;
    }
    if (count == 0) return {};
    return fmt::format(
        R"(<section><h2><b>{}</b> {}</h2>
<table><thead><tr><th class="c-state">State</th><th class="c-task">Task</th><th class="c-chart">Lag over the last hour</th><th class="c-lag num">Lag</th><th class="c-rate num">Changes/s</th><th class="c-pos">Position</th><th class="c-since num">Since</th></tr></thead>
{}</table></section>
)",
        title, count, rows);
}

/// How many tasks are in which state, the worst first.
std::string counts_html(const std::vector<Entry>& entries) {
    struct Kind {
        std::string_view word;
        Tone tone;
        int count;
    };
    std::vector<Kind> kinds;
    int ini_problems = 0;
    for (const Entry& entry : entries) {
        const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& known) {
            return known.word == entry.face.word;
        });
        if (kind == kinds.end()) {
            kinds.push_back({entry.face.word, tone_of(entry.task->state), 1});
        } else {
            ++kind->count;
        }
        if (!entry.task->ini_problem.empty()) ++ini_problems;
    }
    if (ini_problems > 0) kinds.push_back({"ini not used", Tone::warning, ini_problems});
    const auto urgency = [](Tone tone) {
        switch (tone) {
            case Tone::alarm:
                return 0;
            case Tone::warning:
                return 1;
            case Tone::busy:
                return 2;
            case Tone::ok:
                return 3;
            case Tone::rest:
                break;
        }
        return 4;
    };
    std::stable_sort(kinds.begin(), kinds.end(), [&](const Kind& a, const Kind& b) {
        return urgency(a.tone) < urgency(b.tone);
    });
    std::string html = R"(<ul class="counts">)";
    for (const Kind& kind : kinds) {
        html += fmt::format(R"(<li class="{}"><b>{}</b> {}</li>)", name_of(kind.tone), kind.count,
                            kind.word);
    }
    return html + "</ul>\n";
}

/// What all tasks do together.
std::string sums_html(const std::vector<Entry>& entries) {
    double rate = 0;
    double lag = -1;
    for (const Entry& entry : entries) {
        if (!entry.task->worker) continue;
        rate += entry.task->worker->applied_per_second;
        lag = std::max(lag, entry.task->worker->lag_seconds);
    }
    std::string html = fmt::format("<p><b>{}</b> changes/s applied", short_count(rate));
    if (lag >= 0) html += fmt::format(", largest lag <b>{}</b>", escaped(seconds_text(lag)));
    return html + "</p>";
}

std::string folder_html(const PageFacts& facts) {
    if (facts.folder_problem.empty()) return {};
    return fmt::format(R"(<section class="card alarm"><p><b>{}:</b> {}</p></section>)",
                       escaped(facts.tasks_folder.native()), escaped(facts.folder_problem));
}

std::string empty_html(const PageFacts& facts) {
    return fmt::format(
        R"(<main>{1}<div class="card empty"><h1>No tasks yet</h1>
<p>Put an ini file into <code>{0}</code>: dtsd starts it at once, and it appears here.</p>
<pre><code>dtsctl validate shop.ini
sudo cp shop.ini {0}/
dtsctl list</code></pre></div></main>)",
        escaped(facts.tasks_folder.native()), folder_html(facts));
}

std::string as_of(const PageFacts& facts) {
    return fmt::format(R"(<p class="asof">as of {}</p>)", time_text(facts.now_us));
}

}  // namespace

std::string tasks_html(const std::vector<const TaskView*>& tasks, const PageFacts& facts) {
    if (tasks.empty()) return framed_page(facts, Mood::calm, "No tasks · dts", empty_html(facts));

    const std::vector<Entry> entries = sorted(tasks);
    const auto count_of = [&](auto&& matches) {
        return std::count_if(entries.begin(), entries.end(), matches);
    };
    const auto alarms = count_of([](const Entry& e) { return e.face.tone == Tone::alarm; });
    const auto attention =
        count_of([](const Entry& e) { return e.face.group == TaskGroup::attention; });
    const auto running =
        count_of([](const Entry& e) { return e.face.group == TaskGroup::running; });
    const Mood mood = alarms > 0 || !facts.folder_problem.empty() ? Mood::alarm
                      : attention > 0                             ? Mood::warning
                                                                  : Mood::calm;
    std::string headline;
    if (attention > 0) {
        headline = fmt::format("{} of {} task{} need{} attention", attention, tasks.size(),
                               tasks.size() == 1 ? "" : "s", attention == 1 ? "s" : "");
    } else if (running == static_cast<std::ptrdiff_t>(tasks.size())) {
        headline = tasks.size() == 1 ? "The task is running"
                                     : fmt::format("All {} tasks are running", tasks.size());
    } else {
        headline = fmt::format("{} of {} task{} running", running, tasks.size(),
                               tasks.size() == 1 ? "" : "s");
    }
    std::string body = fmt::format(R"(<main><div class="lead{}"><h1>{}</h1>{}{}</div>)",
                                   mood == Mood::alarm ? " alarm" : "", headline,
                                   sums_html(entries), as_of(facts));
    body += folder_html(facts);
    body += counts_html(entries);
    body += group_html(entries, TaskGroup::attention, "Needs attention", facts.now_us);
    body += group_html(entries, TaskGroup::running, "Running", facts.now_us);
    body += group_html(entries, TaskGroup::at_rest, "At rest", facts.now_us);
    body += "</main>";
    return framed_page(facts, mood, fmt::format("{} · dts {}", headline, facts.host), body);
}

}  // namespace dts
