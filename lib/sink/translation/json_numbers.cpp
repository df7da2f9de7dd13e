#include "lib/sink/translation/json_numbers.hpp"

#include <fmt/format.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include "lib/base/error.hpp"

namespace dts {

namespace {

/// Significant digits and the power of ten behind them: 1.50, 15e-1 and 1.5 are one number.
std::pair<std::string, long> digits_of(std::string_view number) {
    std::string digits;
    long exponent = 0;
    bool is_behind_point = false;
    std::size_t i = number.starts_with('-') ? 1 : 0;
    for (; i < number.size() && number[i] != 'e' && number[i] != 'E'; ++i) {
        if (number[i] == '.') {
            is_behind_point = true;
            continue;
        }
        if (is_behind_point) --exponent;
        if (number[i] != '0' || !digits.empty()) digits += number[i];
    }
    if (i < number.size()) {
        ++i;
        if (i < number.size() && number[i] == '+') ++i;
        long given = 0;
        std::from_chars(number.data() + i, number.data() + number.size(), given);
        exponent += given;
    }
    while (digits.ends_with('0')) {
        digits.pop_back();
        ++exponent;
    }
    if (digits.empty()) exponent = 0;
    return {digits, exponent};
}

template <typename T>
std::from_chars_result read(std::string_view number, T& value) {
    return std::from_chars(number.data(), number.data() + number.size(), value);
}

bool is_whole(std::from_chars_result result, std::string_view number) {
    return result.ec == std::errc() && result.ptr == number.data() + number.size();
}

bool is_exact_in_mysql(std::string_view number) {
    std::int64_t small = 0;
    std::uint64_t large = 0;
    if (is_whole(read(number, small), number) || is_whole(read(number, large), number)) return true;
    double value = 0;
    if (!is_whole(read(number, value), number) || !std::isfinite(value)) return false;
    return digits_of(number) == digits_of(fmt::format("{}", value));
}

struct Numbers : rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Numbers> {
    bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
        const std::string_view number(text, length);
        if (is_exact_in_mysql(number)) return true;
        throw Error(ErrorKind::data,
                    fmt::format("MySQL would not keep all digits of the number {} in it",
                                number.substr(0, 100)),
                    "make the target column a LONGTEXT, or write such numbers as strings");
    }
};

}  // namespace

void require_numbers_of_mysql(std::string_view json) {
    // Iterative: the depth of what a source sends is not ours to choose.
    constexpr auto flags = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
    rapidjson::MemoryStream stream(json.data(), json.size());
    rapidjson::Reader reader;
    Numbers numbers;
    reader.Parse<flags>(stream, numbers);
}

}  // namespace dts
