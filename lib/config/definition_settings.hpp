// Which definition statements a task applies: [filter] do_ddls, in its own words.
#pragma once

#include <string>
#include <vector>

#include "lib/config/settings.hpp"

namespace dts {

struct WantedDefinitions {
    bool truncates = false;          ///< truncate_table, which needs no ddl_meta_tb
    std::vector<std::string> kinds;  ///< the others: "create_table", ...
};

/// Throws Error{config} for what is not built, and for what could not be applied exactly once.
WantedDefinitions read_definitions(const Settings& settings, bool from_pg_to_pg);

}  // namespace dts
