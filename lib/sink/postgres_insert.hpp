// Whole rows for a Postgres target: new ones by COPY, others by INSERT over those with their key.
// Values are the text that the source's server printed. Appends to a caller's string.
#pragma once

#include <string>

#include "lib/sink/write_group.hpp"

namespace dts::postgres_text {

/// COPY "s"."t" ("a","b") FROM STDIN
void append_copy(std::string& out, const TableBinding& binding);
/// One line of COPY's text format. Every field must be carried.
void append_copy_line(std::string& out, const TableBinding& binding, const Value* row);

/// INSERT of some rows; `overwrites`: rows with that key are set to these values in place.
void append_insert(std::string& out, const TableBinding& binding, const RowWrite* rows,
                   std::size_t count, bool overwrites);

/// Can whole rows be written in place? Not where another unique key or an exclusion constraint is,
/// or a partition may have one of its own: rows of one statement may change their values among each
/// other, and come one by one.
bool can_overwrite(const TableBinding& binding);

/// INSERT ... ON CONFLICT DO UPDATE of what after holds, with an array for each column: the planner
/// sees a few constants, whatever the number of rows. No key twice.
void append_overwrite(std::string& out, const TableBinding& binding, const RowWrite* rows,
                      std::size_t count);

}  // namespace dts::postgres_text
