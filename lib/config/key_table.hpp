// The one table of every setting of a task: name, type, default, range, help, and whether this
// version does anything with it. The reader, --help-config and the documentation come from it: a
// new setting is one new line here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace dts {

enum class KeyType : std::uint8_t {
    text,
    secret,  ///< text that no message may show
    flag,    ///< true, false
    number,  ///< a whole number within min and max
    choice,  ///< one of `choices`
    json,    ///< "json:" and a JSON array
};

enum class KeyStatus : std::uint8_t {
    built,
    no_effect,  ///< accepted for the sake of existing files, named once in the log
    not_built,  ///< anything but the default is refused: to ignore it would change the result
};

/// A key outside its scope is accepted and named as having no effect.
enum class KeyScope : std::uint8_t { any, mysql, pg, mongo, snapshot };

struct Key {
    std::string_view section;
    std::string_view name;  ///< with a * at its end: every name that begins so
    KeyType type = KeyType::text;
    std::string_view default_value = {};
    std::string_view help = {};
    std::int64_t min = 0;
    std::int64_t max = 0;
    std::string_view choices = {};          ///< separated by ", "
    std::string_view unbuilt_choices = {};  ///< those of `choices` that are refused, likewise
    KeyStatus status = KeyStatus::built;
    KeyScope scope = KeyScope::any;
    bool is_required = false;

    constexpr Key required() const {
        Key key = *this;
        key.is_required = true;
        return key;
    }
    constexpr Key only(KeyScope of) const {
        Key key = *this;
        key.scope = of;
        return key;
    }
    constexpr Key no_effect() const {
        Key key = *this;
        key.status = KeyStatus::no_effect;
        return key;
    }
    constexpr Key not_built() const {
        Key key = *this;
        key.status = KeyStatus::not_built;
        return key;
    }
    constexpr Key not_built(std::string_view values) const {
        Key key = *this;
        key.unbuilt_choices = values;
        return key;
    }
    constexpr bool is_pattern() const { return name.ends_with('*'); }
};

struct SectionHelp {
    std::string_view name;
    std::string_view help;
};

std::span<const Key> key_table() noexcept;
std::span<const SectionHelp> section_table() noexcept;

/// nullptr where there is none. An exact name goes before a pattern.
const Key* find_key(std::string_view section, std::string_view name) noexcept;
bool is_section(std::string_view name) noexcept;

/// The known section nearest to a misspelt one.
std::string_view nearest_section(std::string_view name);
/// "[section] name" of the key nearest to a misspelt one: the same name in another section, else
/// the nearest name in this one.
std::string nearest_key(std::string_view section, std::string_view name);

/// What a value may be, for messages and help: "1 to 65535", "mysql, pg, mongo"; empty for text.
std::string allowed_values(const Key& key);

/// The whole table as an ini in which every key stands commented out with its default.
std::string help_config_text();

}  // namespace dts
