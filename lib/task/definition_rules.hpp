// What a task's filter and router say of definition statements, for the source that reads them.
#pragma once

#include "lib/config/task_config.hpp"
#include "lib/pipeline/filter.hpp"
#include "lib/source/postgres/postgres_cdc_source.hpp"

namespace dts {

/// Sets the source's rules, which the filter must outlive, and the table that it reads by them.
void follow_definitions(const TaskConfig& config, const Filter& filter,
                        PostgresCdcOptions& options);

}  // namespace dts
