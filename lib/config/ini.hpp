// Reads an ini file into a flat list of settings that remember where they stand, so that every
// later message can name file and line. Knows nothing of which names exist: that is key_table.hpp.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace dts {

struct IniEntry {
    std::string section;
    std::string key;
    std::string value;  ///< without the blanks around it; may be empty
    std::string file;
    unsigned line = 0;

    /// "task1.ini:12: [extractor] db_type", the beginning of every message about it.
    std::string place() const;
};

struct IniSection {
    std::string name;
    unsigned line = 0;
};

struct IniFile {
    std::string file;
    std::vector<IniSection> sections;   ///< every header, empty sections too
    std::vector<IniEntry> entries;      ///< in the order of the file; of a repeated key the last
    std::vector<std::string> warnings;  ///< repeated keys
};

/// Full-line comments begin with ; or #. A value may hold = ; and # and ends with its line. The
/// same section may come several times. `file` is the name for messages. Throws Error{config} with
/// file and line; a message never shows a value.
IniFile parse_ini(std::string_view text, std::string file);

/// parse_ini() of a file. Throws Error{config} when it can not be read.
IniFile read_ini_file(const std::filesystem::path& path);

}  // namespace dts
