// SQL that the README gives to its readers: the tests use that, so that it stays true.
#pragma once

#include <stdexcept>
#include <string>

#include "test/servers/temp_folder.hpp"

namespace dts::test {

/// What notes a Postgres source's definition statements in dts.ddl. Throwaway servers have no
/// account of the name dts: the table stays the superuser's. Run from the source root.
inline std::string ddl_trigger_sql() {
    const std::string readme = read_file("README.md");
    const auto begin = readme.find("CREATE SCHEMA dts;\n");
    const auto end = readme.find("ALTER TABLE dts.ddl OWNER", begin);
    if (begin == std::string::npos || end == std::string::npos)
        throw std::runtime_error("README.md has no event trigger");
    return readme.substr(begin, end - begin);
}

}  // namespace dts::test
