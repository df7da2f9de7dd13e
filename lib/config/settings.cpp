#include "lib/config/settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "lib/config/key_value.hpp"

namespace dts {
namespace {

std::string did_you_mean(std::string_view name) {
    return name.empty() ? std::string() : fmt::format("did you mean {}?", name);
}

const Key& declared(std::string_view section, std::string_view name) {
    const Key* key = find_key(section, name);
    if (key == nullptr || key->is_pattern())
        throw Error(ErrorKind::bug, fmt::format("[{}] {} is not in the table", section, name));
    return *key;
}

void check_sections(const IniFile& ini) {
    for (const auto& section : ini.sections) {
        if (is_section(section.name)) continue;
        throw Error(
            ErrorKind::config,
            fmt::format("{}:{}: [{}] is not a known section", ini.file, section.line, section.name),
            did_you_mean(fmt::format("[{}]", nearest_section(section.name))));
    }
}

}  // namespace

Settings::Settings(const IniFile& task, const IniFile* defaults) : file_(task.file) {
    if (defaults != nullptr) take(*defaults, Layer::defaults);
    take(task, Layer::task);
    note_what_has_no_effect();
    check_required();
}

void Settings::take(const IniFile& ini, Layer layer) {
    notes_.insert(notes_.end(), ini.warnings.begin(), ini.warnings.end());
    check_sections(ini);
    for (const auto& entry : ini.entries) take(entry, layer);
}

void Settings::take(const IniEntry& entry, Layer layer) {
    const Key* key = find_key(entry.section, entry.key);
    if (key == nullptr)
        throw Error(ErrorKind::config, fmt::format("{}: is not a known setting", entry.place()),
                    did_you_mean(nearest_key(entry.section, entry.key)));
    if (entry.value.empty()) return;
    if (const auto fault = fault_of(*key, entry.value))
        throw Error(ErrorKind::config, fmt::format("{}: {}", entry.place(), *fault));
    if (key->status == KeyStatus::not_built && !means_default(*key, entry.value))
        throw Error(ErrorKind::config,
                    fmt::format("{}: is not built yet in dts {}", entry.place(), DTS_VERSION),
                    "take it out of the file");
    if (key->status == KeyStatus::no_effect)
        without_effect_.push_back(fmt::format("[{}] {}", entry.section, entry.key));
    if (!key->is_pattern()) given_.insert_or_assign(key, Given{entry, layer});
}

bool Settings::is_in_scope(const Key& key) const {
    const auto db_type = text(key.section == "sinker" ? "sinker" : "extractor", "db_type");
    switch (key.scope) {
        case KeyScope::any:
            return true;
        case KeyScope::mysql:
            return find_choice("mysql", db_type).has_value();
        case KeyScope::pg:
            return find_choice("pg", db_type).has_value();
        case KeyScope::mongo:
            return find_choice("mongo", db_type).has_value();
        case KeyScope::snapshot:
            return !find_choice("cdc, struct", text("extractor", "extract_type"));
    }
    return true;
}

void Settings::note_what_has_no_effect() {
    for (const auto& [key, given] : given_)
        if (!is_in_scope(*key))
            without_effect_.push_back(fmt::format("[{}] {}", key->section, key->name));
    std::ranges::sort(without_effect_);
    const auto repeated = std::ranges::unique(without_effect_);
    without_effect_.erase(repeated.begin(), repeated.end());
    if (without_effect_.empty()) return;
    notes_.push_back(
        fmt::format("settings without effect in this task: {}", fmt::join(without_effect_, ", ")));
}

void Settings::check_required() const {
    for (const Key& key : key_table())
        if (key.is_required && is_in_scope(key) && !given_.contains(&key))
            throw error(key.section, key.name,
                        fmt::format("is missing: {}{}", key.help,
                                    key.type == KeyType::secret || key.type == KeyType::text
                                        ? std::string()
                                        : fmt::format(" ({})", allowed_values(key))));
}

const Settings::Given* Settings::find(std::string_view section, std::string_view name) const {
    const auto found = given_.find(&declared(section, name));
    return found == given_.end() ? nullptr : &found->second;
}

std::string Settings::text(std::string_view section, std::string_view name) const {
    const Given* given = find(section, name);
    return given != nullptr ? given->entry.value
                            : std::string(declared(section, name).default_value);
}

bool Settings::flag(std::string_view section, std::string_view name) const {
    return parse_flag(text(section, name)).value_or(false);
}

std::int64_t Settings::number(std::string_view section, std::string_view name) const {
    const auto number = parse_number(text(section, name));
    if (!number) throw Error(ErrorKind::bug, fmt::format("[{}] {} has no default", section, name));
    return *number;
}

std::chrono::seconds Settings::seconds(std::string_view section, std::string_view name) const {
    return std::chrono::seconds(number(section, name));
}

std::size_t Settings::choice_index(std::string_view section, std::string_view name) const {
    const auto index = find_choice(declared(section, name).choices, text(section, name));
    if (!index) throw Error(ErrorKind::bug, fmt::format("[{}] {} has no default", section, name));
    return *index;
}

std::optional<std::string> Settings::given(std::string_view section, std::string_view name) const {
    if (find_key(section, name) == nullptr) return std::nullopt;
    const Given* given = find(section, name);
    if (given == nullptr) return std::nullopt;
    return given->entry.value;
}

std::optional<Settings::Layer> Settings::layer(std::string_view section,
                                               std::string_view name) const {
    const Given* given = find(section, name);
    if (given == nullptr) return std::nullopt;
    return given->layer;
}

Error Settings::error(std::string_view section, std::string_view name, std::string_view what,
                      std::string hint) const {
    const Given* given = find(section, name);
    const auto place =
        given != nullptr ? given->entry.place() : fmt::format("{}: [{}] {}", file_, section, name);
    return {ErrorKind::config, fmt::format("{}: {}", place, what), std::move(hint)};
}

}  // namespace dts
