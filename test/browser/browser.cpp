#include "test/browser/browser.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <regex>
#include <stdexcept>
#include <unistd.h>

#include "test/servers/child_process.hpp"
#include "test/servers/temp_folder.hpp"

namespace dts::test {

namespace {

bool is_program(const std::filesystem::path& path) {
    return ::access(path.c_str(), X_OK) == 0;
}

/// Runs it once with `extra` on top of what keeps it quiet and alone.
void run(const std::string& browser, const TempFolder& folder, const BrowserView& view,
         std::vector<std::string> extra, const char* output) {
    Command command;
    command.args = {browser,
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-quic",
                    "--no-first-run",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                    "--disable-dev-shm-usage",
                    "--hide-scrollbars",
                    "--enable-logging=stderr",
                    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                    fmt::format("--window-size={},{}", view.width, view.height),
                    "--user-data-dir=" + (folder / (std::string("profile-") + output)).string()};
    if (view.dark) command.args.push_back("--blink-settings=preferredColorScheme=0");
    command.args.insert(command.args.end(), extra.begin(), extra.end());
    command.stdout_file = folder / output;
    command.stderr_file = folder / "console";
    ChildProcess child(command);
    const auto ended = child.wait(std::chrono::minutes(1));
    if (!ended || ended->code != 0) {
        throw std::runtime_error(fmt::format("the browser {}: {}",
                                             ended ? "ended with " + ended->text() : "hangs",
                                             read_file(folder / "console")));
    }
}

}  // namespace

std::optional<std::string> find_browser() {
    if (const char* named = std::getenv("DTS_TEST_BROWSER")) return named;
    for (const char* name : {"chromium-headless-shell", "chromium"}) {
        const auto path = std::filesystem::path("/usr/bin") / name;
        if (is_program(path)) return path.string();
    }
    return std::nullopt;
}

SeenPage look_at(const std::string& browser, const std::string& url, const BrowserView& view) {
    const TempFolder folder("browser");
    run(browser, folder, view,
        {"--log-net-log=" + (folder / "net.json").string(), "--dump-dom", url}, "dom");
    run(browser, folder, view, {"--screenshot=" + (folder / "page.png").string(), url}, "shot");
    SeenPage page{.dom = read_file(folder / "dom"),
                  .console = read_file(folder / "console"),
                  .requests = {},
                  .png = read_file(folder / "page.png")};
    const std::string net = read_file(folder / "net.json");
    const std::regex address("\"url\":\"([^\"]*)\"");
    for (std::sregex_iterator i(net.begin(), net.end(), address), end; i != end; ++i) {
        page.requests.push_back((*i)[1]);
    }
    return page;
}

}  // namespace dts::test
