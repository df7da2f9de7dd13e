// Rows as the text that a Postgres target reads: COPY lines, array literals, statements. Values are
// the text that the source's server printed. Appends to a caller's string; allocates nothing else.
// Assumes standard_conforming_strings on.
#pragma once

#include <string>
#include <vector>

#include "lib/sink/write_group.hpp"

namespace dts::postgres_text {

/// COPY "s"."t" ("a","b") FROM STDIN
void append_copy(std::string& out, const TableBinding& binding);
/// One line of COPY's text format. Every field must be carried.
void append_copy_line(std::string& out, const TableBinding& binding, const Value* row);

/// A key of the target: source ordinals. Can its values be given as arrays?
using KeyColumns = std::vector<std::uint16_t>;
bool fits_arrays(const TableBinding& binding, const KeyColumns& key);
/// DELETE of the rows with these keys, which stand in before, else in after. Keys with a NULL in
/// them are left out: they conflict with nothing.
void append_delete(std::string& out, const TableBinding& binding, const KeyColumns& key,
                   const RowWrite* rows, std::size_t count);

/// INSERT of some rows; `overwrites`: rows with that key are set to these values in place.
void append_insert(std::string& out, const TableBinding& binding, const RowWrite* rows,
                   std::size_t count, bool overwrites);

/// UPDATE of the carried columns of the row with before's key.
void append_update(std::string& out, const TableBinding& binding, const RowWrite& row);
/// UPDATE or DELETE of one row that equals before in every column, byte for byte.
void append_exact(std::string& out, const TableBinding& binding, WriteKind kind,
                  const RowWrite& row);

/// "id"=7,"name"='x' of the row's key, or of all columns when it has none: for messages.
std::string describe_row(const TableBinding& binding, const Value* row);

}  // namespace dts::postgres_text
