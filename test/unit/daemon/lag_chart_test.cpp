#include "daemon/page/lag_chart.hpp"

#include <catch2/catch.hpp>

#include <cmath>

#include "test/browser/sample_tasks.hpp"

namespace dts {

namespace {

constexpr std::int64_t now_us = test::sample_now_us;

LagSample ago(double minutes, double lag) {
    return {now_us - static_cast<std::int64_t>(minutes * 60e6), lag};
}

/// The d of the line's path.
std::string line_of(const LagChart& chart) {
    constexpr std::string_view before = "class=\"line\" d=\"";
    const auto at = chart.svg.find(before);
    if (at == std::string::npos) return {};
    const auto begin = at + before.size();
    return chart.svg.substr(begin, chart.svg.find('"', begin) - begin);
}

auto count_of(const std::string& text, char c) {
    return std::count(text.begin(), text.end(), c);
}

}  // namespace

TEST_CASE("lag chart: a peak of one sample is kept, whatever is drawn", "[page]") {
    std::deque<LagSample> history;
    for (int i = 359; i >= 0; --i) history.push_back(ago(i / 6.0, i == 100 ? 900 : 0.1));
    const LagChart chart = lag_chart(history, now_us, false);
    CHECK(chart.peak_seconds == 900);
    CHECK(chart.svg.find("at most 15 min") != std::string::npos);
    // 900 s of a scale of 1200 s, from the ground at 31 up to 3.
    CHECK(line_of(chart).find(" 10.0") != std::string::npos);
}

TEST_CASE("lag chart: where nothing was known there is no line", "[page]") {
    std::deque<LagSample> history;
    for (int i = 359; i >= 0; --i) history.push_back(ago(i / 6.0, i > 100 && i < 200 ? -1 : 2));
    CHECK(count_of(line_of(lag_chart(history, now_us, false)), 'M') == 2);

    const LagChart none = lag_chart({}, now_us, false);
    CHECK(none.peak_seconds == -1);
    CHECK(line_of(none).empty());
    CHECK(none.svg.find("nothing known") != std::string::npos);
}

TEST_CASE("lag chart: what is older than an hour, of the future, or no number is left out",
          "[page]") {
    const std::deque<LagSample> history = {ago(61, 50), ago(60, 40), ago(-1, 30),
                                           ago(5, std::nan("")), ago(59.9, 3)};
    const LagChart chart = lag_chart(history, now_us, true);
    CHECK(chart.peak_seconds == 3);
    CHECK(line_of(chart) == "M0.0 91.6h1");
}

TEST_CASE("lag chart: the newest sample stands at the right edge", "[page]") {
    const LagChart chart = lag_chart({ago(0.5, 1), ago(0, 0)}, now_us, false);
    CHECK(line_of(chart).ends_with("L160.0 31.0"));
}

}  // namespace dts
