#include "lib/config/ini.hpp"

// PropertyTree's container trips this warning from within its own headers.
#pragma GCC diagnostic ignored "-Wnull-dereference"

#include <boost/property_tree/ini_parser.hpp>
#include <boost/property_tree/ptree.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>
#include <utility>

#include "lib/base/error.hpp"
#include "lib/config/small_file.hpp"

namespace dts {
namespace {

constexpr std::string_view blanks = " \t\r\v\f";
constexpr std::uintmax_t largest_file_bytes = 1024 * 1024;

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool is_comment(std::string_view line) {
    return line.starts_with(';') || line.starts_with('#');
}

Error syntax_error(const std::string& file, unsigned line, std::string_view what) {
    return {ErrorKind::config, fmt::format("{}:{}: {}", file, line, what)};
}

IniSection section_of(std::string_view line, const std::string& file, unsigned number) {
    const auto end = line.find(']');
    if (end == std::string_view::npos)
        throw syntax_error(file, number, "a section's name ends with ]");
    const auto rest = trimmed(line.substr(end + 1));
    if (!rest.empty() && !is_comment(rest))
        throw syntax_error(file, number, "nothing may follow a section's name");
    const auto name = trimmed(line.substr(1, end - 1));
    if (name.empty()) throw syntax_error(file, number, "the section has no name");
    return {std::string(name), number};
}

// PropertyTree neither says on which line a key stands nor takes a name twice. So it gets every key
// under a name of its own, the line's number in front ("12 db_type=mysql"), and no sections: those
// are noted here.
std::string number_lines(std::string_view text, IniFile& ini) {
    std::string numbered;
    numbered.reserve(text.size() + text.size() / 4);
    for (unsigned number = 1; !text.empty(); ++number) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.starts_with('['))
            ini.sections.push_back(section_of(line, ini.file, number));
        else if (!line.empty() && !is_comment(line))
            fmt::format_to(std::back_inserter(numbered), "{} {}", number, line);
        numbered += '\n';
    }
    return numbered;
}

boost::property_tree::ptree parse_lines(const std::string& numbered, const std::string& file) {
    boost::property_tree::ptree tree;
    std::istringstream stream(numbered);
    try {
        boost::property_tree::read_ini(stream, tree);
    } catch (const boost::property_tree::ini_parser_error& error) {
        throw syntax_error(file, static_cast<unsigned>(error.line()),
                           "neither a [section], a key = value, nor a comment");
    }
    return tree;
}

IniEntry entry_of(const std::string& numbered_key, const std::string& value, const IniFile& ini) {
    IniEntry entry;
    entry.file = ini.file;
    entry.value = value;
    const char* const end = numbered_key.data() + numbered_key.size();
    const char* const name = std::from_chars(numbered_key.data(), end, entry.line).ptr;
    entry.key = trimmed({name, static_cast<std::size_t>(end - name)});
    if (entry.key.empty()) throw syntax_error(ini.file, entry.line, "no key in front of =");

    const auto next_section =
        std::upper_bound(ini.sections.begin(), ini.sections.end(), entry.line,
                         [](unsigned line, const IniSection& s) { return line < s.line; });
    if (next_section == ini.sections.begin())
        throw syntax_error(ini.file, entry.line,
                           fmt::format("{} stands before the first [section]", entry.key));
    entry.section = std::prev(next_section)->name;
    return entry;
}

void keep_last_of_repeated(IniFile& ini) {
    std::map<std::pair<std::string_view, std::string_view>, unsigned> last_line;
    for (const auto& entry : ini.entries) last_line[{entry.section, entry.key}] = entry.line;
    std::vector<IniEntry> kept;
    for (const auto& entry : ini.entries) {
        const unsigned last = last_line[{entry.section, entry.key}];
        if (last == entry.line)
            kept.push_back(entry);
        else
            ini.warnings.push_back(
                fmt::format("{} is set again on line {}, which counts", entry.place(), last));
    }
    ini.entries = std::move(kept);
}

}  // namespace

std::string IniEntry::place() const {
    return fmt::format("{}:{}: [{}] {}", file, line, section, key);
}

IniFile parse_ini(std::string_view text, std::string file) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    IniFile ini;
    ini.file = std::move(file);
    const std::string numbered = number_lines(text, ini);
    for (const auto& [key, node] : parse_lines(numbered, ini.file))
        ini.entries.push_back(entry_of(key, node.data(), ini));
    keep_last_of_repeated(ini);
    return ini;
}

IniFile read_ini_file(const std::filesystem::path& path) {
    return parse_ini(read_small_file(path, largest_file_bytes), path.native());
}

}  // namespace dts
