// The part of task_config.cpp that reads [resumer].
#pragma once

#include <string_view>

#include "lib/config/task_config.hpp"

namespace dts {

/// has_target: the sink writes to a database.
ResumerConfig read_resumer(const Settings& settings, bool has_target);

/// The value of a key that names a table. Throws Error{config} when it is not of the form db.tb.
TableName read_table_name(const Settings& settings, std::string_view section, std::string_view key);

}  // namespace dts
