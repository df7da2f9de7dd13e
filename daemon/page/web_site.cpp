#include "daemon/page/web_site.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <unistd.h>

#include "daemon/page/metrics_text.hpp"
#include "daemon/page/status_page.hpp"
#include "lib/base/clock_text.hpp"

namespace dts {

namespace {

bool is_address(const std::string& text) {
    std::array<unsigned char, 16> ignored{};
    return ::inet_pton(AF_INET, text.c_str(), ignored.data()) == 1 ||
           ::inet_pton(AF_INET6, text.c_str(), ignored.data()) == 1;
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

std::string new_nonce() {
    std::array<unsigned char, 16> bytes{};
    // Without entropy (early boot alone) the nonce is a known one; the page stays escaped.
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
        bytes = {};
    std::string text;
    for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
    return text;
}

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

void guard(WebAnswer& answer) {
    answer.headers.emplace_back("Cache-Control", "no-store");
    answer.headers.emplace_back("X-Content-Type-Options", "nosniff");
    answer.headers.emplace_back("Referrer-Policy", "no-referrer");
    answer.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
    answer.headers.emplace_back("X-Frame-Options", "DENY");
}

}  // namespace

bool is_this_machine(std::string_view host, std::string_view machine) {
    std::string name = lower(host);
    if (name.starts_with('[')) {
        const auto end = name.find(']');
        if (end == std::string::npos) return false;
        return is_address(name.substr(1, end - 1));
    }
    if (const auto colon = name.find(':'); colon != std::string::npos) name.resize(colon);
    if (name.ends_with('.')) name.pop_back();
    if (name == "localhost" || name.ends_with(".localhost") || is_address(name)) return true;
    const std::string own = lower(machine);
    return !name.empty() && !own.empty() && (name == own || name == own.substr(0, own.find('.')));
}

WebSite::WebSite(Tasks tasks, PageFacts facts, FolderProblem folder_problem)
    : tasks_(std::move(tasks)),
      facts_(std::move(facts)),
      folder_problem_(std::move(folder_problem)) {
    if (facts_.host.empty()) facts_.host = host_name();
}

PageFacts WebSite::facts_now() const {
    PageFacts facts = facts_;
    facts.now_us = now_us();
    facts.nonce = new_nonce();
    if (folder_problem_) facts.folder_problem = folder_problem_();
    return facts;
}

WebAnswer WebSite::page(unsigned status, std::string body, const PageFacts& facts) const {
    WebAnswer answer{.status = status,
                     .content_type = "text/html; charset=utf-8",
                     .body = std::move(body),
                     .headers = {}};
    answer.headers.emplace_back("Content-Security-Policy", content_security_policy(facts.nonce));
    guard(answer);
    return answer;
}

WebAnswer WebSite::refusal(unsigned status, std::string_view title, std::string_view text) const {
    const PageFacts facts = facts_now();
    return page(status, message_page(facts, title, text), facts);
}

WebAnswer WebSite::answer(const WebRequest& request) const {
    std::string_view target = request.target;
    std::optional<std::string_view> host = request.host;
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!target.starts_with(scheme)) continue;
        target.remove_prefix(scheme.size());
        const auto slash = std::min(target.find('/'), target.size());
        host = target.substr(0, slash);
        target.remove_prefix(slash);
        if (target.empty()) target = "/";
    }
    if (!host && request.needs_host) {
        return refusal(400, "Bad request", "The request names no host.");
    }
    if (host && !is_this_machine(*host, facts_.host)) {
        return refusal(
            421, "Not this host",
            "This is dtsd, and it answers to addresses, localhost and its own host name.");
    }
    if (request.method != "GET" && request.method != "HEAD") {
        WebAnswer no =
            refusal(405, "Method not allowed", "Only GET and HEAD: nothing can be changed here.");
        no.headers.emplace_back("Allow", "GET, HEAD");
        return no;
    }

    const std::string_view path = target.substr(0, target.find_first_of("?#"));
    const auto plain = [](std::string_view type, std::string body) {
        WebAnswer answer{.status = 200,
                         .content_type = std::string(type),
                         .body = std::move(body),
                         .headers = {}};
        guard(answer);
        return answer;
    };
    if (path == "/healthz") return plain("text/plain; charset=utf-8", "ok\n");
    if (path == "/metrics") return plain(metrics_content_type, metrics_text(tasks_(), now_us()));
    if (path == "/") {
        const PageFacts facts = facts_now();
        return page(200, tasks_html(tasks_(), facts), facts);
    }
    constexpr std::string_view of_task = "/task/";
    if (path.starts_with(of_task)) {
        const std::string_view name = path.substr(of_task.size());
        const PageFacts facts = facts_now();
        for (const TaskView* task : tasks_()) {
            if (task->name == name) return page(200, task_html(*task, facts), facts);
        }
        return refusal(404, "No such task",
                       fmt::format("There is no task {}. Its ini may have been removed.", name));
    }
    return refusal(404, "Not found", "There is no such page.");
}

}  // namespace dts
