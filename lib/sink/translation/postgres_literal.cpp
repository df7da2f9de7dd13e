#include "lib/sink/translation/postgres_literal.hpp"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "lib/base/error.hpp"

namespace dts::postgres_literal {

namespace {

[[noreturn]] void throw_unknown(std::string_view what) {
    throw Error(ErrorKind::data, fmt::format("it is no {} as Postgres prints them", what));
}

/// Digits at the front, which are taken off.
unsigned take_number(std::string_view& text, std::string_view what) {
    unsigned number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec != std::errc()) throw_unknown(what);
    text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
    return number;
}

void take(std::string_view& text, char c, std::string_view what) {
    if (!text.starts_with(c)) throw_unknown(what);
    text.remove_prefix(1);
}

unsigned take_fraction(std::string_view& text, std::string_view what) {
    if (!text.starts_with('.')) return 0;
    text.remove_prefix(1);
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    unsigned microseconds = take_number(text, what);
    if (digits > 6) throw_unknown(what);
    for (std::size_t i = digits; i < 6; ++i) microseconds *= 10;
    return microseconds;
}

/// "+05:30:15" in seconds.
std::int64_t take_offset(std::string_view& text) {
    const bool is_behind = text.front() == '-';
    text.remove_prefix(1);
    std::int64_t seconds = std::int64_t{take_number(text, "offset")} * 3600;
    for (const std::int64_t unit : {60, 1}) {
        if (!text.starts_with(':')) break;
        text.remove_prefix(1);
        seconds += unit * take_number(text, "offset");
    }
    return is_behind ? -seconds : seconds;
}

CivilTime civil_of_epoch(std::int64_t microseconds) {
    using namespace std::chrono;
    const sys_time<std::chrono::microseconds> at{std::chrono::microseconds(microseconds)};
    const auto day = floor<days>(at);
    const year_month_day date(day);
    const hh_mm_ss time(at - day);
    return {static_cast<unsigned>(static_cast<int>(date.year())),
            static_cast<unsigned>(date.month()),
            static_cast<unsigned>(date.day()),
            static_cast<unsigned>(time.hours().count()),
            static_cast<unsigned>(time.minutes().count()),
            static_cast<unsigned>(time.seconds().count()),
            static_cast<unsigned>(time.subseconds().count())};
}

/// Writes the array that `text` starts with, and takes it off.
class ArrayReader {
  public:
    ArrayReader(std::string_view text, std::string_view element) : text_(text), element_(element) {}

    std::string json() {
        read_array();
        if (!text_.empty()) throw_unknown("array");
        return {buffer_.GetString(), buffer_.GetSize()};
    }

  private:
    void read_array() {
        constexpr int most_dimensions = 6;  // MAXDIM
        take(text_, '{', "array");
        if (++depth_ > most_dimensions) throw_unknown("array");
        writer_.StartArray();
        while (!text_.starts_with('}')) {
            if (text_.starts_with('{')) {
                read_array();
            } else {
                read_element();
            }
            if (!text_.starts_with(',')) break;
            text_.remove_prefix(1);
        }
        take(text_, '}', "array");
        --depth_;
        writer_.EndArray();
    }

    void read_element() {
        if (text_.starts_with('"')) {
            write(take_quoted());
            return;
        }
        const auto end = text_.find_first_of(",}");
        if (end == std::string_view::npos || end == 0) throw_unknown("array");
        const auto plain = text_.substr(0, end);
        text_.remove_prefix(end);
        if (plain == "NULL") {
            writer_.Null();
        } else {
            write(std::string(plain));
        }
    }

    std::string take_quoted() {
        std::string value;
        for (std::size_t i = 1; i < text_.size(); ++i) {
            if (text_[i] == '"') {
                text_.remove_prefix(i + 1);
                return value;
            }
            if (text_[i] == '\\' && ++i == text_.size()) break;
            value += text_[i];
        }
        throw_unknown("array");
    }

    void write(const std::string& value) {
        constexpr std::array<std::string_view, 6> numbers = {"int2",   "int4",   "int8",
                                                             "float4", "float8", "numeric"};
        if (std::find(numbers.begin(), numbers.end(), element_) != numbers.end()) {
            if (value.find_first_not_of("0123456789+-.eE") != std::string::npos)
                throw Error(ErrorKind::data, fmt::format("JSON has no number {}", value));
            writer_.RawValue(value.data(), value.size(), rapidjson::kNumberType);
        } else if (element_ == "bool") {
            writer_.Bool(value == "t");
        } else if (element_ == "json" || element_ == "jsonb") {
            writer_.RawValue(value.data(), value.size(), rapidjson::kObjectType);
        } else {
            writer_.String(value);
        }
    }

    std::string_view text_;
    std::string_view element_;
    int depth_ = 0;
    rapidjson::StringBuffer buffer_;
    rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

}  // namespace

CivilTime read_civil(std::string_view text) {
    if (text.ends_with("infinity"))
        throw Error(ErrorKind::data, "MySQL has no infinity",
                    "set it to NULL or a date at the source");
    const bool is_before_christ = text.ends_with(" BC");
    CivilTime t{};
    t.year = take_number(text, "date");
    if (is_before_christ || t.year < 1 || t.year > 9999)
        throw Error(ErrorKind::data, "MySQL has dates of the years 1 to 9999 alone");
    take(text, '-', "date");
    t.month = take_number(text, "date");
    take(text, '-', "date");
    t.day = take_number(text, "date");
    if (text.empty()) return t;
    take(text, ' ', "timestamp");
    const std::int64_t us = read_time(text.substr(0, text.find_first_of("+-")));
    t.hour = static_cast<unsigned>(us / 3'600'000'000);
    t.minute = static_cast<unsigned>(us / 60'000'000 % 60);
    t.second = static_cast<unsigned>(us / 1'000'000 % 60);
    t.microsecond = static_cast<unsigned>(us % 1'000'000);
    const auto offset = text.find_first_of("+-");
    if (offset == std::string_view::npos) return t;
    text.remove_prefix(offset);
    const std::int64_t seconds = take_offset(text);
    if (!text.empty()) throw_unknown("timestamp");
    return seconds == 0 ? t : civil_of_epoch(epoch_us(t) - seconds * 1'000'000);
}

std::int64_t read_time(std::string_view text) {
    std::int64_t us = std::int64_t{take_number(text, "time")} * 3'600'000'000;
    take(text, ':', "time");
    us += std::int64_t{take_number(text, "time")} * 60'000'000;
    take(text, ':', "time");
    us += std::int64_t{take_number(text, "time")} * 1'000'000;
    us += take_fraction(text, "time");
    if (!text.empty()) throw_unknown("time");
    return us;
}

std::int64_t epoch_us(const CivilTime& t) {
    using namespace std::chrono;
    const sys_days day{year(static_cast<int>(t.year)) / month(t.month) / std::chrono::day(t.day)};
    return duration_cast<microseconds>(day.time_since_epoch()).count() +
           ((std::int64_t{t.hour} * 60 + t.minute) * 60 + t.second) * 1'000'000 + t.microsecond;
}

std::string json_of_array(std::string_view text, std::string_view element) {
    if (text.starts_with('['))
        throw Error(ErrorKind::data, "JSON arrays have no bounds of their own",
                    "at the source, make the array start at 1");
    return ArrayReader(text, element).json();
}

}  // namespace dts::postgres_literal
