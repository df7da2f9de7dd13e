// SQL that the README gives to its readers: the tests use that, so that it stays true.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "test/servers/temp_folder.hpp"

namespace dts::test {

/// From the line that starts with `begin` up to `end`. Run from the source root.
inline std::string readme_part(std::string_view begin, std::string_view end) {
    const std::string readme = read_file("README.md");
    const auto first = readme.find("\n" + std::string(begin));
    const auto last = first == std::string::npos ? first : readme.find(end, first);
    if (last == std::string::npos)
        throw std::runtime_error("README.md has no " + std::string(begin));
    return readme.substr(first + 1, last - first - 1);
}

/// What notes a Postgres source's definition statements in dts.ddl. The table stays the
/// superuser's.
inline std::string ddl_trigger_sql() {
    return readme_part("CREATE SCHEMA dts;", "ALTER TABLE dts.ddl OWNER");
}

}  // namespace dts::test
