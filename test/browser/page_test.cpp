// What a person sees: the status page in a real browser.
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <thread>

#include "daemon/page/http_server.hpp"
#include "lib/base/clock_text.hpp"
#include "test/browser/browser.hpp"
#include "test/browser/png_image.hpp"
#include "test/browser/sample_tasks.hpp"
#include "test/skip.hpp"

namespace dts {

namespace {

using test::BrowserView;
using test::PngImage;
using test::SampleTasks;
using test::SeenPage;

constexpr PngImage::Pixel alarm_light = {0xc0, 0x23, 0x2c};
constexpr PngImage::Pixel alarm_dark = {0xff, 0x7b, 0x78};
constexpr PngImage::Pixel chart_light = {0x2f, 0x5f, 0xd0};

/// dtsd's pages of these tasks, on a free port.
class PageServer {
  public:
    explicit PageServer(const SampleTasks& tasks)
        : server_(loop_, "127.0.0.1:0",
                  WebSite([&tasks] { return tasks.views(); }, {.host = "relay-1",
                                                               .backend = "systemd",
                                                               .tasks_folder = "/etc/dts/tasks.d",
                                                               .folder_problem = {},
                                                               .now_us = 0,
                                                               .nonce = {}})),
          thread_([this] { loop_.run(); }) {}
    ~PageServer() {
        loop_.stop();
        thread_.join();
    }

    std::string url(const std::string& path) const { return "http://" + server_.address() + path; }

  private:
    boost::asio::io_context loop_;
    HttpServer server_;
    std::thread thread_;
};

/// Looks at it; keeps the screenshot as NAME.png where DTS_TEST_SCREENSHOTS says.
SeenPage look(const SampleTasks& tasks, const std::string& path, const BrowserView& view,
              const std::string& name) {
    const PageServer server(tasks);
    SeenPage page = test::look_at(test::find_browser().value(), server.url(path), view);
    if (const char* folder = std::getenv("DTS_TEST_SCREENSHOTS")) {
        std::ofstream(std::filesystem::path(folder) / (name + ".png"), std::ios::binary)
            << page.png;
    }
    // Nothing is fetched from outside, and nothing that the page needs is refused to it.
    CHECK_FALSE(page.requests.empty());
    for (const std::string& request : page.requests) {
        INFO(request);
        CHECK((request.starts_with(server.url("/")) || request.starts_with("data:")));
    }
    CHECK(page.console.find("Content Security Policy") == std::string::npos);
    CHECK(page.console.find("Uncaught") == std::string::npos);
    return page;
}

bool no_browser() {
    if (test::find_browser()) return false;
    test::skip("no browser: packaging/install-build-deps browser");
    return true;
}

std::vector<std::string> all(const std::string& text, const char* pattern) {
    const std::regex expression(pattern);
    std::vector<std::string> found;
    for (std::sregex_iterator i(text.begin(), text.end(), expression), end; i != end; ++i) {
        found.push_back((*i)[1]);
    }
    return found;
}

}  // namespace

TEST_CASE("browser: every task is there, failed ones first, with its chart") {
    if (no_browser()) return;
    SampleTasks tasks(now_us());
    tasks.add_all_kinds();
    const SeenPage page = look(tasks, "/", {}, "all-kinds");
    CHECK(all(page.dom, "data-task=\"([^\"]*)\"") ==
          std::vector<std::string>{"archive", "inventory", "web-analytics", "crm-mirror", "billing",
                                   "loyalty", "shop-orders", "staging", "nightly-copy", "legacy"});
    CHECK(all(page.dom, "<path class=\"line\" d=\"(M[^\"]*L)").size() == 5);
    CHECK(page.dom.find("no longer holds mysql-bin.000011") != std::string::npos);

    const PngImage image = test::read_png(page.png);
    CHECK(image.width == 1280);
    CHECK(image.height == 1400);
    CHECK(image.count_near(alarm_light) > 3000);  // headline, labels and the bar beside the rows
    CHECK(image.count_near(chart_light) > 300);
    CHECK(image.count_near({0xff, 0xff, 0xff}) > 100'000);
}

TEST_CASE("browser: dark where the reader wants it dark") {
    if (no_browser()) return;
    SampleTasks tasks(now_us());
    tasks.add_all_kinds();
    const PngImage image =
        test::read_png(look(tasks, "/", {.width = 1280, .height = 1400, .dark = true}, "dark").png);
    CHECK(image.count_near(alarm_dark) > 3000);
    CHECK(image.count_near({0x0e, 0x12, 0x17}) > 100'000);
    CHECK(image.count_near({0xff, 0xff, 0xff}) < 5'000);
}

TEST_CASE("browser: a hundred tasks that are well show no red") {
    if (no_browser()) return;
    SampleTasks tasks(now_us());
    tasks.add_many(100);
    const SeenPage page =
        look(tasks, "/", {.width = 1280, .height = 7000, .dark = false}, "hundred");
    CHECK(all(page.dom, "data-task=\"([^\"]*)\"").size() == 100);
    CHECK(page.dom.find("All 100 tasks are running") != std::string::npos);
    const PngImage image = test::read_png(page.png);
    CHECK(image.count_near(alarm_light) == 0);
    CHECK(image.count_near(chart_light) > 5'000);
}

TEST_CASE("browser: on a phone nothing stands outside the page") {
    if (no_browser()) return;
    SampleTasks tasks(now_us());
    tasks.add_all_kinds();
    tasks
        .add_running("a-task-with-a-name-as-long-as-names-may-be-which-is-64-letters-x",
                     TaskState::caught_up, 0)
        .source =
        "mysql a-host-name-that-is-long.and-deep.in-some.internal-domain.example.com:3306";
    const PngImage image = test::read_png(
        look(tasks, "/", {.width = 500, .height = 2600, .dark = false}, "phone").png);
    REQUIRE(image.width == 500);
    // The margin at the right shows the ground alone, below the bar.
    std::size_t other = 0;
    for (std::size_t row = 120; row < image.height; ++row) {
        for (std::size_t column = 490; column < 500; ++column) {
            const auto& pixel = image.pixels[row * image.width + column];
            if (pixel != PngImage::Pixel{0xf5, 0xf6, 0xf8}) ++other;
        }
    }
    CHECK(other == 0);
}

TEST_CASE("browser: one task's page, and what stands there without any") {
    if (no_browser()) return;
    SampleTasks tasks(now_us());
    tasks.add_all_kinds();
    const SeenPage page = look(tasks, "/task/billing", {}, "task");
    CHECK(page.dom.find("<h1>billing</h1>") != std::string::npos);
    CHECK(test::read_png(page.png).count_near(chart_light) > 500);
    CHECK(look(tasks, "/task/none", {}, "no-such-task").dom.find("No such task") !=
          std::string::npos);
    CHECK(look(SampleTasks(now_us()), "/", {}, "empty").dom.find("No tasks yet") !=
          std::string::npos);
}

}  // namespace dts
