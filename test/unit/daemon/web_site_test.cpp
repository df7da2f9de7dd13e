#include "daemon/page/web_site.hpp"

#include <catch2/catch.hpp>

#include "test/browser/sample_tasks.hpp"
#include "test/unit/daemon/metrics_reader.hpp"

namespace dts {

namespace {

struct SiteFixture {
    SiteFixture() { tasks.add_all_kinds(); }

    WebAnswer ask(std::string_view target, std::optional<std::string_view> host = "localhost",
                  std::string_view method = "GET") const {
        return site.answer({.method = method, .target = target, .host = host, .needs_host = true});
    }

    test::SampleTasks tasks;
    WebSite site{[this] { return tasks.views(); },
                 {.host = "relay-1.example.com",
                  .backend = "process",
                  .tasks_folder = "/etc/dts/tasks.d",
                  .folder_problem = {},
                  .now_us = 0,
                  .nonce = {}}};
};

std::string header(const WebAnswer& answer, std::string_view name) {
    for (const auto& [key, value] : answer.headers) {
        if (key == name) return value;
    }
    return {};
}

}  // namespace

TEST_CASE_METHOD(SiteFixture, "web site: each page is where it should be", "[page]") {
    CHECK(ask("/").status == 200);
    CHECK(ask("/?x=1#y").status == 200);
    CHECK(ask("/").content_type == "text/html; charset=utf-8");
    CHECK(ask("/task/billing").status == 200);
    CHECK(ask("/task/billing").body.find("<h1>billing</h1>") != std::string::npos);
    CHECK(ask("/healthz").body == "ok\n");
    CHECK(ask("/metrics").content_type == "text/plain; version=0.0.4; charset=utf-8");
    CHECK_NOTHROW(test::read_metrics(ask("/metrics").body));
    CHECK(ask("http://127.0.0.1:9464/healthz").body == "ok\n");
    for (const char* target : {"/nothing", "/task/", "/task/none", "/task/billing/x", "/metrics/",
                               "*", "", "//", "/task/%62illing"}) {
        INFO(target);
        CHECK(ask(target).status == 404);
    }
}

TEST_CASE_METHOD(SiteFixture, "web site: nothing but reading", "[page]") {
    CHECK(ask("/", "localhost", "HEAD").status == 200);
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get", ""}) {
        INFO(method);
        const WebAnswer answer = ask("/", "localhost", method);
        CHECK(answer.status == 405);
        CHECK(header(answer, "Allow") == "GET, HEAD");
    }
}

TEST_CASE_METHOD(SiteFixture, "web site: another host's name is refused", "[page]") {
    for (const char* host : {"127.0.0.1", "127.0.0.1:9464", "[::1]:9464", "[::1]", "localhost:80",
                             "LOCALHOST", "localhost.", "dts.localhost:9464", "10.1.2.3:9464",
                             "relay-1", "Relay-1.Example.com:9464"}) {
        INFO(host);
        CHECK(ask("/", host).status == 200);
    }
    for (const char* host : {"evil.example", "evil.example:9464", "localhost.evil.example",
                             "127.0.0.1.evil.example", "relay-1.evil.example", "relay", "",
                             "[evil.example]", "[::1", "127.1", "0x7f000001", "evil@localhost"}) {
        INFO(host);
        const WebAnswer answer = ask("/metrics", host);
        CHECK(answer.status == 421);
        CHECK(answer.body.find("dts_task") == std::string::npos);
    }
    CHECK(ask("/", std::nullopt).status == 400);
    CHECK(site.answer({.method = "GET", .target = "/", .host = std::nullopt, .needs_host = false})
              .status == 200);
    CHECK(ask("http://evil.example/", "localhost").status == 421);
}

TEST_CASE_METHOD(SiteFixture, "web site: every answer carries what protects its reader", "[page]") {
    for (const char* target : {"/", "/task/archive", "/none", "/metrics", "/healthz"}) {
        INFO(target);
        const WebAnswer answer = ask(target);
        CHECK(header(answer, "Cache-Control") == "no-store");
        CHECK(header(answer, "X-Content-Type-Options") == "nosniff");
        CHECK(header(answer, "Referrer-Policy") == "no-referrer");
        CHECK(header(answer, "X-Frame-Options") == "DENY");
        if (!answer.content_type.starts_with("text/html")) continue;
        const std::string policy = header(answer, "Content-Security-Policy");
        CHECK(policy.starts_with("default-src 'none';"));
        CHECK(policy.find("unsafe") == std::string::npos);
    }
}

TEST_CASE_METHOD(SiteFixture, "web site: a nonce is used once", "[page]") {
    const std::string first = header(ask("/"), "Content-Security-Policy");
    const WebAnswer second = ask("/");
    const std::string policy = header(second, "Content-Security-Policy");
    CHECK(first != policy);
    const auto start = policy.find("'nonce-") + 7;
    const std::string nonce = policy.substr(start, policy.find('\'', start) - start);
    CHECK(nonce.size() == 32);
    CHECK(second.body.find("<script nonce=\"" + nonce + "\">") != std::string::npos);
}

}  // namespace dts
