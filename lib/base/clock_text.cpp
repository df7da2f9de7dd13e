#include "lib/base/clock_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace dts {

namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr std::int64_t seconds_a_day = 86'400;

std::int64_t days_of(std::chrono::year_month_day day) {
    return sys_days(day).time_since_epoch().count();
}

constexpr std::chrono::year_month_day first_day{std::chrono::year{0}, std::chrono::month{1},
                                                std::chrono::day{1}};
constexpr std::chrono::year_month_day last_day{std::chrono::year{9999}, std::chrono::month{12},
                                               std::chrono::day{31}};

std::string format(std::int64_t time, std::int64_t units_a_second, int digits) {
    const std::int64_t units_a_day = seconds_a_day * units_a_second;
    time = std::clamp(time, days_of(first_day) * units_a_day,
                      (days_of(last_day) + 1) * units_a_day - 1);
    std::int64_t day_number = time / units_a_day;
    if (time % units_a_day < 0) --day_number;
    const std::int64_t in_day = time - day_number * units_a_day;
    const std::int64_t second = in_day / units_a_second;
    const std::chrono::year_month_day day{sys_days(days(day_number))};
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:0{}}", static_cast<int>(day.year()),
                       static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()),
                       second / 3600, second / 60 % 60, second % 60, in_day % units_a_second,
                       digits);
}

/// The number that the digits spell; -1 where one of them is none.
std::int64_t number(std::string_view digits) noexcept {
    std::int64_t value = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') return -1;
        value = value * 10 + (c - '0');
    }
    return value;
}

std::optional<std::int64_t> parse(std::string_view text, std::int64_t units_a_second,
                                  std::size_t digits) noexcept {
    constexpr std::string_view form = "0000-00-00 00:00:00.";
    if (text.size() != form.size() + digits) return std::nullopt;
    for (std::size_t i = 0; i < form.size(); ++i)
        if (form[i] != '0' && text[i] != form[i]) return std::nullopt;

    const auto year = number(text.substr(0, 4));
    const auto month = number(text.substr(5, 2));
    const auto day = number(text.substr(8, 2));
    const auto hour = number(text.substr(11, 2));
    const auto minute = number(text.substr(14, 2));
    const auto second = number(text.substr(17, 2));
    const auto fraction = number(text.substr(20));
    if (year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0 || fraction < 0)
        return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(year)},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    const auto seconds = days_of(date) * seconds_a_day + hour * 3600 + minute * 60 + second;
    return seconds * units_a_second + fraction;
}

}  // namespace

std::int64_t now_us() noexcept {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::string microsecond_text(std::int64_t us_since_epoch) {
    return format(us_since_epoch, 1'000'000, 6);
}

std::string millisecond_text(std::int64_t ms_since_epoch) {
    return format(ms_since_epoch, 1'000, 3);
}

std::optional<std::int64_t> parse_microsecond_text(std::string_view text) noexcept {
    return parse(text, 1'000'000, 6);
}

std::optional<std::int64_t> parse_millisecond_text(std::string_view text) noexcept {
    return parse(text, 1'000, 3);
}

}  // namespace dts
