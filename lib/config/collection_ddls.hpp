// [filter] do_ddls of a task between two MongoDB.
#pragma once

#include <string>
#include <vector>

#include "lib/config/settings.hpp"

namespace dts {

/// Its items, all of them for *. Throws Error{config} for what is not known, and for what cannot be
/// repeated after a crash without harm.
std::vector<std::string> read_collection_ddls(const Settings& settings, bool follows_oplog,
                                              bool never_exactly_once);

}  // namespace dts
