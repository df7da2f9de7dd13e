#include "daemon/page/page_frame.hpp"

#include <fmt/format.h>

#include "daemon/page/html_text.hpp"
#include "daemon/page/page_style.hpp"

namespace dts {

namespace {

std::string_view colour_of(Mood mood) {
    switch (mood) {
        case Mood::alarm:
            return "d92d20";
        case Mood::warning:
            return "dc8a00";
        case Mood::calm:
            break;
    }
    return "15803d";
}

}  // namespace

std::string framed_page(const PageFacts& facts, Mood mood, std::string_view title,
                        std::string_view body) {
    std::string page;
    page.reserve(body.size() + 16 * 1024);
    page += fmt::format(
        R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{}</title>
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='%23{}'/%3E%3C/svg%3E">
<noscript><meta http-equiv="refresh" content="15"></noscript>
<style nonce="{}">)",
        escaped(title), colour_of(mood), escaped(facts.nonce));
    page += page_style;
    page += fmt::format(
        R"(</style>
</head>
<body>
<header class="bar"><div>
<svg viewBox="0 0 26 26" fill="none" stroke="currentColor" stroke-width="2.2" aria-hidden="true"><circle cx="5" cy="13" r="3.4"/><circle cx="21" cy="13" r="3.4" fill="currentColor"/><path d="M9.5 13h6m-2.6-3.2 3.2 3.2-3.2 3.2" stroke-linecap="round" stroke-linejoin="round"/></svg>
<b><a href="/">dts</a></b> <span>{}</span>
<nav><a href="/metrics">Metrics</a></nav>
</div></header>
<div id="silent" role="alert">dtsd does not answer. What you see is the last that it said.</div>
)",
        escaped(facts.host));
    page += body;
    page += fmt::format(
        R"(
<footer>dtsd {} with the {} backend, tasks from <code>{}</code></footer>
<script nonce="{}">)",
        escaped(DTS_VERSION), escaped(facts.backend), escaped(facts.tasks_folder.native()),
        escaped(facts.nonce));
    page += page_script;
    page += "</script>\n</body>\n</html>\n";
    return page;
}

std::string message_page(const PageFacts& facts, std::string_view title, std::string_view text) {
    return framed_page(
        facts, Mood::calm, fmt::format("{} · dts", title),
        fmt::format(
            R"(<main><div class="card empty"><h1>{}</h1><p>{}</p><p><a href="/">All tasks</a></p></div></main>)",
            escaped(title), escaped(text)));
}

std::string content_security_policy(std::string_view nonce) {
    return fmt::format(
        "default-src 'none'; style-src 'nonce-{0}'; script-src 'nonce-{0}'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        nonce);
}

}  // namespace dts
