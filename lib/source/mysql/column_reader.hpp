// Chooses how a column is read: what the wire says of it, joined with what the schema says.
#pragma once

#include <optional>
#include <string_view>

#include "lib/change/table_schema.hpp"
#include "lib/source/mysql/row_decoder.hpp"
#include "lib/source/mysql/table_map.hpp"

namespace dts {

/// The collation of bytes that are no text.
constexpr std::uint32_t binary_collation = 63;

/// The column type that the wire alone tells; strings count as bytes where the collation says so.
/// Nothing for types this program does not know.
std::optional<ColumnType> column_type_of(const WireColumn& wire);

/// Whether the wire's column can be the schema's one, whose type the catalog calls `data_type` and
/// whose text takes at most `octets` bytes (0: not said): type, lengths, digits, and text or bytes
/// where the wire says which.
bool fits(const WireColumn& wire, const Column& column, std::string_view data_type,
          std::uint64_t octets);

/// How the column's bytes are read: by the wire where it tells, by the schema where it does not
/// (signs, text or bytes, MariaDB's own types). Throws Error{data} for what can not exist.
ColumnReader make_column_reader(const WireColumn& wire, const Column& column,
                                std::string_view data_type);

}  // namespace dts
