#include "lib/config/key_value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace dts {
namespace {

char folded(char c) {
    if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
    return c == '-' || c == ' ' ? '_' : c;
}

bool same_word(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return folded(x) == folded(y); });
}

bool is_digits(std::string_view value) {
    return !value.empty() &&
           std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// What of a value may stand in a message: not all of a long one.
std::string shown(std::string_view value) {
    constexpr std::size_t longest = 60;
    if (value.size() <= longest) return std::string(value);
    return fmt::format("{}…", value.substr(0, longest));
}

std::optional<std::string> number_fault(const Key& key, std::string_view value) {
    const bool is_signed_number = value.size() > 1 && value.front() == '-';
    if (!is_digits(is_signed_number ? value.substr(1) : value))
        return fmt::format("{} is not a whole number, it may be {}", shown(value),
                           allowed_values(key));
    const auto number = parse_number(value);
    if (!number || *number < key.min || *number > key.max)
        return fmt::format("{} is out of range, it may be {}", shown(value), allowed_values(key));
    return std::nullopt;
}

std::optional<std::string> choice_fault(const Key& key, std::string_view value) {
    if (!find_choice(key.choices, value))
        return fmt::format("{} is not known, it may be one of {}", shown(value), key.choices);
    if (find_choice(key.unbuilt_choices, value))
        return fmt::format("{}={} is not built yet in dts {}", key.name, value, DTS_VERSION);
    return std::nullopt;
}

}  // namespace

std::vector<std::string_view> split_choices(std::string_view choices) {
    constexpr std::string_view separator = ", ";
    std::vector<std::string_view> parts;
    while (!choices.empty()) {
        const auto end = std::min(choices.find(separator), choices.size());
        parts.push_back(choices.substr(0, end));
        choices.remove_prefix(std::min(end + separator.size(), choices.size()));
    }
    return parts;
}

std::optional<std::size_t> find_choice(std::string_view choices, std::string_view value) {
    const auto parts = split_choices(choices);
    const auto found =
        std::ranges::find_if(parts, [&](auto part) { return same_word(part, value); });
    if (found == parts.end()) return std::nullopt;
    return static_cast<std::size_t>(found - parts.begin());
}

std::optional<std::int64_t> parse_number(std::string_view value) {
    if (!is_digits(value)) return std::nullopt;
    std::int64_t number = 0;
    const auto parsed = std::from_chars(value.data(), value.data() + value.size(), number);
    if (parsed.ec != std::errc()) return std::nullopt;
    return number;
}

std::optional<bool> parse_flag(std::string_view value) {
    if (same_word(value, "true")) return true;
    if (same_word(value, "false")) return false;
    return std::nullopt;
}

std::optional<std::string> fault_of(const Key& key, std::string_view value) {
    switch (key.type) {
        case KeyType::number:
            return number_fault(key, value);
        case KeyType::choice:
            return choice_fault(key, value);
        case KeyType::flag:
            if (parse_flag(value)) return std::nullopt;
            return fmt::format("{} is neither true nor false", shown(value));
        case KeyType::json:
            if (value.starts_with("json:")) return std::nullopt;
            return "the value must begin with json:";
        case KeyType::text:
        case KeyType::secret:
            if (value.find('\0') == std::string_view::npos) return std::nullopt;
            return "the value holds a zero byte";
    }
    return std::nullopt;
}

bool means_default(const Key& key, std::string_view value) {
    switch (key.type) {
        case KeyType::number:
            return parse_number(value) == parse_number(key.default_value);
        case KeyType::flag:
            return parse_flag(value) == parse_flag(key.default_value);
        case KeyType::choice:
            return same_word(value, key.default_value);
        case KeyType::text:
        case KeyType::secret:
        case KeyType::json:
            return value == key.default_value;
    }
    return false;
}

}  // namespace dts
