#include "daemon/page/html_text.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "lib/base/clock_text.hpp"
#include "lib/base/utf8.hpp"

namespace dts {

std::string escaped(std::string_view text) {
    std::string html;
    html.reserve(text.size());
    for (const char c : valid_utf8(text)) {
        switch (c) {
            case '&':
                html += "&amp;";
                break;
            case '<':
                html += "&lt;";
                break;
            case '>':
                html += "&gt;";
                break;
            case '"':
                html += "&quot;";
                break;
            case '\'':
                html += "&#39;";
                break;
            case '\n':
            case '\t':
                html += c;
                break;
            default: {
                const bool control = (c >= 0 && c < ' ') || c == '\x7f';
                if (control) {
                    html += "\uFFFD";
                } else {
                    html += c;
                }
            }
        }
    }
    return html;
}

std::string seconds_text(double seconds) {
    if (!(seconds > 0)) return "0 s";
    if (seconds < 0.05) return "<0.1 s";
    if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
    // Larger than any clock can tell: what is wrong here is the clock.
    const auto whole = static_cast<std::int64_t>(std::min(std::round(seconds), 1e12));
    if (whole < 60) return fmt::format("{} s", whole);
    const auto two = [](std::int64_t large, const char* large_unit, std::int64_t small,
                        const char* small_unit) {
        return small == 0 ? fmt::format("{} {}", large, large_unit)
                          : fmt::format("{} {} {} {}", large, large_unit, small, small_unit);
    };
    if (whole < 3600) return two(whole / 60, "min", whole % 60, "s");
    if (whole < 86400) return two(whole / 3600, "h", whole % 3600 / 60, "min");
    return two(whole / 86400, "d", whole % 86400 / 3600, "h");
}

std::string grouped_text(std::uint64_t number) {
    const std::string digits = fmt::format("{}", number);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
        text += digits[i];
    }
    return text;
}

std::string bytes_text(std::uint64_t bytes) {
    if (bytes < 1024) return fmt::format("{} B", bytes);
    static constexpr std::array units = {"KiB", "MiB", "GiB", "TiB", "PiB"};
    double number = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (number >= 1023.95 && unit + 1 < units.size()) {
        number /= 1024;
        ++unit;
    }
    return fmt::format("{:.1f} {}", number, units[unit]);
}

std::string time_text(std::int64_t us_since_epoch) {
    if (us_since_epoch <= 0) return {};
    return microsecond_text(us_since_epoch).substr(0, 19) + " UTC";
}

}  // namespace dts
