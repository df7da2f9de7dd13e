#include "daemon/page/lag_chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <vector>

#include "daemon/page/html_text.hpp"

namespace dts {

namespace {

constexpr std::int64_t hour_us = 3600LL * 1000 * 1000;
constexpr std::size_t columns = 120;  // half a minute each: the peak of each is drawn

struct Area {
    double left, top, width, height;

    double x(std::size_t column) const {
        return left + width * static_cast<double>(column) / static_cast<double>(columns - 1);
    }
    double y(double lag, double scale) const { return top + height * (1 - lag / scale); }
};

using Peaks = std::array<std::optional<double>, columns>;

Peaks peaks_of(const std::deque<LagSample>& history, std::int64_t now_us) {
    Peaks peaks;
    for (const LagSample& sample : history) {
        const std::int64_t age = now_us - sample.at_us;
        if (!(sample.lag_seconds >= 0) || age < 0 || age >= hour_us) continue;
        const auto column = columns - 1 - static_cast<std::size_t>(age) * columns / hour_us;
        peaks[column] = std::max(peaks[column].value_or(0), sample.lag_seconds);
    }
    return peaks;
}

/// The next round figure, so that a scale can be read: 1, 2, 5, 10 s … 1, 2, 5, 10 min … hours.
double scale_for(double peak) {
    for (const double step :
         {1.,    2.,    5.,    10.,   20.,    30.,    60.,    120.,    300.,    600.,
          1200., 1800., 3600., 7200., 18000., 36000., 86400., 172800., 432000., 864000.}) {
        if (peak <= step) return step;
    }
    return peak;
}

/// The line and what is beneath it, one run of known columns after the other.
void draw(std::string& svg, const Peaks& peaks, const Area& area, double scale) {
    std::string line;
    std::string fill;
    const auto out = [](std::string& path) { return std::back_inserter(path); };
    const double ground = area.top + area.height;
    for (std::size_t i = 0; i < columns;) {
        if (!peaks[i]) {
            ++i;
            continue;
        }
        const std::size_t first = i;
        for (; i < columns && peaks[i]; ++i) {
            fmt::format_to(out(line), "{}{:.1f} {:.1f}", i == first ? 'M' : 'L', area.x(i),
                           area.y(*peaks[i], scale));
        }
        const std::size_t last = i - 1;
        // A column alone has no length: a short stroke makes it seen.
        if (last == first) line += "h1";
        fmt::format_to(out(fill), "M{:.1f} {:.1f}", area.x(first), ground);
        for (std::size_t j = first; j <= last; ++j) {
            fmt::format_to(out(fill), "L{:.1f} {:.1f}", area.x(j), area.y(*peaks[j], scale));
        }
        fmt::format_to(out(fill), "V{:.1f}Z", ground);
    }
    svg += fmt::format(R"(<path class="fill" d="{}"/><path class="line" d="{}"/>)", fill, line);
}

/// Figures stand inside, above their lines: they have room at any size of the page.
void draw_axes(std::string& svg, const Area& area, double scale) {
    for (const int part : {0, 1, 2}) {
        const double lag = scale * part / 2;
        const double y = area.y(lag, scale);
        svg += fmt::format(R"(<path class="grid" d="M{:.1f} {:.1f}H{:.1f}"/>)", area.left, y,
                           area.left + area.width);
        if (part == 0) continue;
        svg += fmt::format(R"(<text x="{:.1f}" y="{:.1f}">{}</text>)", area.left + 2, y - 6,
                           seconds_text(lag));
    }
    for (const int minutes : {60, 45, 30, 15, 0}) {
        const double x = area.left + area.width * (60 - minutes) / 60.0;
        svg +=
            fmt::format(R"(<text x="{:.1f}" y="{:.1f}"{} text-anchor="{}">{}</text>)", x,
                        area.top + area.height + 28, minutes % 30 == 0 ? "" : R"( class="minor")",
                        minutes == 60  ? "start"
                        : minutes == 0 ? "end"
                                       : "middle",
                        minutes == 0 ? "now" : fmt::format("{} min ago", minutes));
    }
}

}  // namespace

LagChart lag_chart(const std::deque<LagSample>& history, std::int64_t now_us, bool wide) {
    const Peaks peaks = peaks_of(history, now_us);
    LagChart chart;
    for (const auto& peak : peaks)
        chart.peak_seconds = std::max(chart.peak_seconds, peak.value_or(-1));
    const bool known = chart.peak_seconds >= 0;
    // In a row, what is below a few seconds shall look like the calm that it is.
    const double scale = scale_for(std::max(chart.peak_seconds, wide ? 1. : 5.));
    const Area area = wide ? Area{0, 26, 900, 164} : Area{0, 3, 160, 28};
    const std::string meaning =
        known ? fmt::format("lag over the last hour, at most {}", seconds_text(chart.peak_seconds))
              : "lag over the last hour: nothing known";
    chart.svg = fmt::format(
        R"(<svg class="chart{}" viewBox="0 0 {} {}"{} role="img" aria-label="{}"><title>{}</title>)",
        wide ? " wide" : "", wide ? 900 : 160, wide ? 228 : 34,
        wide ? "" : R"( preserveAspectRatio="none")", meaning, meaning);
    if (wide) {
        draw_axes(chart.svg, area, scale);
    } else {
        chart.svg += R"(<path class="grid" d="M0 31.5H160"/>)";
    }
    if (known) draw(chart.svg, peaks, area, scale);
    chart.svg += "</svg>";
    return chart;
}

}  // namespace dts
