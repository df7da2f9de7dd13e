// A headless Chromium that looks at one page. It reaches this machine's loopback and nothing else,
// and keeps nothing.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace dts::test {

/// The program; nothing where there is none. DTS_TEST_BROWSER names another.
std::optional<std::string> find_browser();

struct BrowserView {
    int width = 1280;
    int height = 1400;
    bool dark = false;
};

struct SeenPage {
    std::string dom;      ///< after scripts have run
    std::string console;  ///< the browser's own messages, complaints of the page among them
    std::vector<std::string> requests;  ///< every address that it asked for
    std::string png;                    ///< the screenshot's file
};

/// Throws when the browser fails or is not done in a minute.
SeenPage look_at(const std::string& browser, const std::string& url, const BrowserView& view);

}  // namespace dts::test
