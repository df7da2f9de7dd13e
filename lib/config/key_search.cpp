// Finding keys by name, also by a misspelt one, and the table as text.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

#include "lib/config/key_table.hpp"

namespace dts {
namespace {

// A distance costs the product of the lengths: no name of ours is longer.
constexpr std::size_t longest_name = 64;

// How many characters must be added, dropped or replaced to make one name the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    a = a.substr(0, longest_name);
    b = b.substr(0, longest_name);
    std::array<std::size_t, longest_name + 1> row{};
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

bool matches(const Key& key, std::string_view name) {
    return key.is_pattern() && name.starts_with(key.name.substr(0, key.name.size() - 1));
}

std::string label(const Key& key) {
    return fmt::format("[{}] {}", key.section, key.name);
}

// Lines of at most 100 characters, "# " in front of each.
void append_comment(std::string& text, std::string_view comment) {
    constexpr std::size_t width = 98;
    while (!comment.empty()) {
        std::size_t end = comment.size();
        if (end > width) end = std::min(comment.rfind(' ', width), end);
        text += fmt::format("# {}\n", comment.substr(0, end));
        comment.remove_prefix(std::min(end + 1, comment.size()));
    }
}

std::string help_line(const Key& key) {
    std::string line(key.help);
    if (key.is_required) line += "; needed";
    if (const auto allowed = allowed_values(key); !allowed.empty())
        line += fmt::format(" ({})", allowed);
    if (key.scope == KeyScope::snapshot) line += "; snapshots only";
    if (key.scope == KeyScope::pg) line += "; pg only";
    if (key.scope == KeyScope::mongo) line += "; mongo only";
    if (!key.unbuilt_choices.empty())
        line += fmt::format("; not built yet: {}", key.unbuilt_choices);
    if (key.status == KeyStatus::not_built) line += "; not built yet";
    if (key.status == KeyStatus::no_effect) line += "; has no effect";
    return line;
}

}  // namespace

const Key* find_key(std::string_view section, std::string_view name) noexcept {
    const Key* pattern = nullptr;
    for (const Key& key : key_table()) {
        if (key.section != section) continue;
        if (!key.is_pattern() && key.name == name) return &key;
        if (matches(key, name)) pattern = &key;
    }
    return pattern;
}

bool is_section(std::string_view name) noexcept {
    return std::ranges::any_of(section_table(), [&](const auto& s) { return s.name == name; });
}

std::string_view nearest_section(std::string_view name) {
    std::string_view nearest;
    std::size_t best = std::numeric_limits<std::size_t>::max();
    for (const auto& section : section_table()) {
        const std::size_t distance = edit_distance(name, section.name);
        if (distance >= best) continue;
        best = distance;
        nearest = section.name;
    }
    return nearest;
}

std::string nearest_key(std::string_view section, std::string_view name) {
    const Key* nearest = nullptr;
    std::size_t best = std::numeric_limits<std::size_t>::max();
    for (const Key& key : key_table()) {
        if (key.is_pattern()) continue;
        if (key.section != section && key.name == name) return label(key);
        if (key.section != section) continue;
        const std::size_t distance = edit_distance(name, key.name);
        if (distance >= best) continue;
        best = distance;
        nearest = &key;
    }
    return nearest == nullptr ? std::string() : label(*nearest);
}

std::string allowed_values(const Key& key) {
    switch (key.type) {
        case KeyType::flag:
            return "true, false";
        case KeyType::choice:
            return std::string(key.choices);
        case KeyType::number:
            if (key.max == std::numeric_limits<std::int64_t>::max())
                return fmt::format("{} or more", key.min);
            return fmt::format("{} to {}", key.min, key.max);
        case KeyType::json:
            return "json:[{...}]";
        case KeyType::text:
        case KeyType::secret:
            return {};
    }
    return {};
}

std::string help_config_text() {
    std::string text;
    append_comment(text,
                   "Every setting of a task, commented out, with its default. An empty value means "
                   "the default.");
    for (const auto& section : section_table()) {
        text += '\n';
        append_comment(text, section.help);
        text += fmt::format("[{}]\n", section.name);
        for (const Key& key : key_table()) {
            if (key.section != section.name) continue;
            append_comment(text, help_line(key));
            text += fmt::format("#{} ={}{}\n", key.name, key.default_value.empty() ? "" : " ",
                                key.default_value);
        }
    }
    return text;
}

}  // namespace dts
