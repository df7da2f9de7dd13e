// Rows as the text by which a Postgres target finds them, and what is done to them. Values are
// the text that the source's server printed. Appends to a caller's string; allocates nothing else.
// Assumes standard_conforming_strings on.
#pragma once

#include <string>
#include <vector>

#include "lib/sink/write_group.hpp"

namespace dts::postgres_text {

/// A key of the target: source ordinals. Can its values be given as arrays?
using KeyColumns = std::vector<std::uint16_t>;
bool fits_arrays(const TableBinding& binding, const KeyColumns& key);
/// DELETE of the rows with these keys, which stand in before, else in after. Keys with a NULL in
/// them are left out: they conflict with nothing.
void append_delete(std::string& out, const TableBinding& binding, const KeyColumns& key,
                   const RowWrite* rows, std::size_t count);

/// NULL, or a quoted text: the column it goes to decides its type.
void append_value(std::string& out, const Value& value);
/// An element of an array literal, which itself stands in a literal.
void append_element(std::string& out, std::string_view text);

/// UPDATE of the carried columns of the row with before's key.
void append_update(std::string& out, const TableBinding& binding, const RowWrite& row);
/// UPDATE or DELETE of one row that equals before in every column, byte for byte.
void append_exact(std::string& out, const TableBinding& binding, WriteKind kind,
                  const RowWrite& row);

/// "id"=7,"name"='x' of the row's key, or of all columns when it has none: for messages.
std::string describe_row(const TableBinding& binding, const Value* row);

}  // namespace dts::postgres_text
