#include "daemon/page/status_page.hpp"

#include <catch2/catch.hpp>

#include <regex>
#include <set>

#include "test/browser/sample_tasks.hpp"

namespace dts {

namespace {

using test::SampleTasks;

PageFacts facts() {
    return {.host = "relay-1",
            .backend = "systemd",
            .tasks_folder = "/etc/dts/tasks.d",
            .folder_problem = {},
            .now_us = test::sample_now_us,
            .nonce = "abc123"};
}

bool has(const std::string& page, std::string_view text) {
    return page.find(text) != std::string::npos;
}

/// All first groups of the pattern, in order.
std::vector<std::string> all(const std::string& page, const char* pattern) {
    const std::regex expression(pattern);
    std::vector<std::string> found;
    for (std::sregex_iterator i(page.begin(), page.end(), expression), end; i != end; ++i) {
        found.push_back((*i)[1]);
    }
    return found;
}

/// The end of the tag that begins at `begin`: quoted values may hold a '>'.
std::size_t end_of_tag(std::string_view page, std::size_t begin) {
    bool is_quoted = false;
    for (std::size_t i = begin; i < page.size(); ++i) {
        if (page[i] == '"') is_quoted = !is_quoted;
        if (page[i] == '>' && !is_quoted) return i;
    }
    return page.size();
}

/// What keeps the page from being well nested; "" when nothing does. By hand: std::regex recurses
/// with the length of what it matches.
std::string nesting_fault(std::string_view page) {
    const std::set<std::string_view> empty_elements = {"!DOCTYPE", "meta", "link", "br"};
    std::vector<std::string> open;
    for (std::size_t at = page.find('<'); at < page.size(); at = page.find('<', at)) {
        const std::size_t end = end_of_tag(page, at);
        const bool closes = page.substr(at + 1, 1) == "/";
        const std::size_t name_at = at + (closes ? 2 : 1);
        const std::string name(
            page.substr(name_at, page.find_first_of(" \n/>", name_at) - name_at));
        at = end;
        if (closes) {
            if (open.empty() || open.back() != name) {
                return fmt::format("</{}> closes {}", name, open.empty() ? "nothing" : open.back());
            }
            open.pop_back();
        } else if (!empty_elements.contains(name) && page[end - 1] != '/') {
            open.push_back(name);
            // What stands inside is no HTML.
            if (name == "style" || name == "script") at = page.find("</" + name, end);
        }
    }
    return open.empty() ? "" : open.back() + " is never closed";
}

}  // namespace

TEST_CASE("status page: gap and failed come first, then what else needs somebody", "[page]") {
    SampleTasks tasks;
    tasks.add_all_kinds();
    const std::string page = tasks_html(tasks.views(), facts());
    CHECK(all(page, "data-task=\"([^\"]*)\"") ==
          std::vector<std::string>{"archive", "inventory", "web-analytics", "crm-mirror", "billing",
                                   "loyalty", "shop-orders", "staging", "nightly-copy", "legacy"});
    CHECK(has(page, "<title>4 of 10 tasks need attention"));
    CHECK(has(page, "fill='%23d92d20'"));
    CHECK(has(page, "<span class=\"pill alarm\">gap</span>"));
    CHECK(has(page, "<span class=\"pill rest\">disabled</span>"));
}

TEST_CASE("status page: says what happened, and what to do", "[page]") {
    SampleTasks tasks;
    tasks.add_all_kinds();
    const std::string page = tasks_html(tasks.views(), facts());
    CHECK(has(page, "no longer holds mysql-bin.000011"));
    CHECK(has(page, "<p class=\"hint\">Hint: restore the binlogs"));
    CHECK(has(page, "exit code 66"));
    CHECK(has(page, "<code>dtsctl restart archive</code>"));
    CHECK(has(page, "batch_sise: no such key"));
    CHECK(has(page, "<code>dtsctl validate /etc/dts/tasks.d/web-analytics.ini</code>"));
    CHECK(has(page, "Last error, 12 s ago:</b> lost connection to target"));
    CHECK(has(page, "1 restart<"));
    CHECK(has(page, ">mysql-bin.000036:211094934</span>"));
    CHECK_FALSE(has(page, "HINT:"));
}

TEST_CASE("status page: what is wrong with an ini is said once", "[page]") {
    SampleTasks tasks;
    TaskView& task = tasks.add("shop", TaskState::failed);
    task.reason = task.ini_problem = "shop.ini: [sinker] url: is missing";
    const std::string page = tasks_html(tasks.views(), facts());
    CHECK(all(page, "(\\[sinker\\] url: is missing)").size() == 1);
    CHECK(has(page, "<code>dtsctl validate /etc/dts/tasks.d/shop.ini</code>"));
    CHECK_FALSE(has(page, "dtsctl restart"));
}

TEST_CASE("status page: is calm when all is well", "[page]") {
    SampleTasks tasks;
    tasks.add_many(100);
    const std::string page = tasks_html(tasks.views(), facts());
    CHECK(has(page, "<h1>All 100 tasks are running</h1>"));
    CHECK_FALSE(has(page, "Needs attention"));
    CHECK(all(page, "<tbody class=\"task ([a-z]*)").size() == 100);
    CHECK(all(page, "(<svg class=\"chart\")").size() == 100);
    CHECK(page.size() < 400'000);
}

TEST_CASE("status page: without tasks it says what to do", "[page]") {
    const std::string page = tasks_html({}, facts());
    CHECK(has(page, "No tasks yet"));
    CHECK(has(page, "/etc/dts/tasks.d"));
    CHECK(nesting_fault(page).empty());
}

TEST_CASE("status page: a folder that cannot be read is said first", "[page]") {
    SampleTasks tasks;
    tasks.add_many(2);
    PageFacts bad = facts();
    bad.folder_problem = "Permission denied (13)";
    for (const std::string& page : {tasks_html(tasks.views(), bad), tasks_html({}, bad)}) {
        CHECK(has(page, "<b>/etc/dts/tasks.d:</b> Permission denied (13)"));
        CHECK(nesting_fault(page) == "");
    }
    CHECK_FALSE(has(tasks_html(tasks.views(), facts()), "card alarm"));
}

TEST_CASE("status page: all pages are well nested and refer to nothing outside", "[page]") {
    SampleTasks tasks;
    tasks.add_all_kinds();
    std::vector<std::string> pages = {tasks_html(tasks.views(), facts()),
                                      message_page(facts(), "Not found", "There is no such page.")};
    for (const TaskView* task : tasks.views()) pages.push_back(task_html(*task, facts()));
    for (const std::string& page : pages) {
        CHECK(nesting_fault(page) == "");
        for (const std::string& target : all(page, "(?:href|src)=\"([^\"]*)\"")) {
            INFO(target);
            CHECK((target.starts_with("/") || target.starts_with("data:image/svg+xml,")));
        }
        // What is inline must be allowed by the policy, which knows of nonces alone.
        CHECK(all(page, "<(?:style|script)( [^>]*)>") ==
              std::vector<std::string>{" nonce=\"abc123\"", " nonce=\"abc123\""});
        CHECK_FALSE(has(page, " style="));
        CHECK_FALSE(has(page, " onclick="));
    }
}

TEST_CASE("status page: whatever a task says of itself stays text", "[page]") {
    const std::string evil = "\"><script>alert(1)</script>'&";
    SampleTasks tasks;
    TaskView& task = tasks.add_running("shop", TaskState::retrying, 1);
    task.name = task.reason = task.ini_problem = task.source = task.target = evil;
    task.ini = task.log_directory = evil;
    task.unit.detail = evil;
    task.worker->checkpoint = task.worker->current = task.worker->task_id = evil;
    task.worker->version = task.worker->last_error = evil + "x";
    task.worker->last_error_us = tasks.now_us();
    PageFacts mine = facts();
    mine.host = mine.backend = evil;
    mine.tasks_folder = mine.folder_problem = evil;
    for (const std::string& page :
         {tasks_html(tasks.views(), mine), task_html(task, mine), message_page(mine, evil, evil)}) {
        CHECK_FALSE(has(page, "<script>"));
        CHECK_FALSE(has(page, "\">&lt;"));
        CHECK(nesting_fault(page) == "");
    }
    task.state = TaskState::failed;
    task.unit.exit_code = 70;
    CHECK_FALSE(has(task_html(task, mine), "<script>"));
}

TEST_CASE("task page: shows positions, figures and files", "[page]") {
    SampleTasks tasks;
    tasks.add_all_kinds();
    const TaskView& task = *tasks.views()[1];
    REQUIRE(task.name == "billing");
    const std::string page = task_html(task, facts());
    CHECK(has(page, "&quot;next_event_position&quot;:211094934"));
    CHECK(has(page, "48,211,377 changes"));
    CHECK(has(page, "≤ 5 ms"));
    CHECK(has(page, "/var/log/dts/billing"));
    CHECK(has(page, "class=\"chart wide\""));
    CHECK(has(page, "5 min</text>"));
}

}  // namespace dts
