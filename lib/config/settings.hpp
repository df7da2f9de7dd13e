// The settings of one task, checked against the table of keys: known, of the right type, within
// range, built. The defaults' file lies under the task's own. An empty value counts as not set.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/config/ini.hpp"
#include "lib/config/key_table.hpp"

namespace dts {

class Settings {
  public:
    /// Which of the two files a value comes from.
    enum class Layer : std::uint8_t { defaults, task };

    /// Throws Error{config} with file, line and key for the first thing wrong. `defaults` may be
    /// nullptr.
    Settings(const IniFile& task, const IniFile* defaults);

    /// The value, else the table's default. Throws Error{bug} for a key the table does not have, as
    /// all below.
    std::string text(std::string_view section, std::string_view name) const;
    bool flag(std::string_view section, std::string_view name) const;
    /// Within the range of the table. The key must have a default or be set.
    std::int64_t number(std::string_view section, std::string_view name) const;
    std::chrono::seconds seconds(std::string_view section, std::string_view name) const;
    /// The choice as an enumeration whose values stand in the order of the table's choices.
    template <typename Enumeration>
    Enumeration choice(std::string_view section, std::string_view name) const {
        return static_cast<Enumeration>(choice_index(section, name));
    }

    /// The value as it stands in a file; nothing when it is not set, or there is no such key.
    std::optional<std::string> given(std::string_view section, std::string_view name) const;
    /// Where that value stands; nothing as above.
    std::optional<Layer> layer(std::string_view section, std::string_view name) const;

    /// An Error{config} about a key, with file and line where it is set.
    Error error(std::string_view section, std::string_view name, std::string_view what,
                std::string hint = {}) const;

    /// What the log should say once: repeated keys, settings without effect.
    const std::vector<std::string>& notes() const noexcept { return notes_; }

  private:
    struct Given {
        IniEntry entry;
        Layer layer;
    };

    void take(const IniFile& ini, Layer layer);
    void take(const IniEntry& entry, Layer layer);
    void note_what_has_no_effect();
    void check_required() const;
    bool is_in_scope(const Key& key) const;
    const Given* find(std::string_view section, std::string_view name) const;
    std::size_t choice_index(std::string_view section, std::string_view name) const;

    std::string file_;  ///< the task's, for messages about what is not set
    std::map<const Key*, Given> given_;
    std::vector<std::string> without_effect_;  ///< "[section] name"
    std::vector<std::string> notes_;
};

}  // namespace dts
