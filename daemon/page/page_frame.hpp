// What all pages of dtsd have in common: head, style, the bar at the top, the note at the foot. A
// page is one answer, complete without script; a small script renews it in place where it may run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace dts {

/// Of the daemon and of the moment.
struct PageFacts {
    std::string host;                    ///< this machine's name
    std::string backend;                 ///< "systemd" or "process"
    std::filesystem::path tasks_folder;  ///< /etc/dts/tasks.d
    std::string folder_problem = {};     ///< why the folder cannot be read; "" when it can
    std::int64_t now_us = 0;
    std::string
        nonce;  ///< of the answer's Content-Security-Policy: letters and digits, new for each
};

/// How things stand; the tab's icon shows it.
enum class Mood : std::uint8_t { calm, warning, alarm };

/// `body` is HTML, `title` is text.
std::string framed_page(const PageFacts& facts, Mood mood, std::string_view title,
                        std::string_view body);

/// For what cannot be shown: "404", "There is no task shop2".
std::string message_page(const PageFacts& facts, std::string_view title, std::string_view text);

/// Allows what stands in the page itself and carries the nonce, and nothing else.
std::string content_security_policy(std::string_view nonce);

}  // namespace dts
