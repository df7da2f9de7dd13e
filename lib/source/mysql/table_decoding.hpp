// Joins what a TABLE_MAP event says of a table's columns with what the catalog says of the table,
// to the schema and the readers that its rows are decoded with. Where the two do not fit, the event
// alone is used if it is complete (binlog_row_metadata=FULL), else the table is refused: rows are
// never decoded by guess. Two columns of one type can change places and still fit, so an event
// without names is also refused where the catalog's definition is newer than its rows.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lib/change/table_schema.hpp"
#include "lib/source/mysql/row_decoder.hpp"
#include "lib/source/mysql/table_catalog.hpp"
#include "lib/source/mysql/table_map.hpp"

namespace dts {

struct TableDecoding {
    TableSchemaPtr schema;
    /// One for each column on the wire; hidden columns stand behind those of the schema.
    std::vector<ColumnReader> readers;
    bool is_transactional = true;
};

/// `known_until`, seconds since the epoch: the stream has shown every definition statement up to
/// then, so a definition of that time or before is that of the rows. Throws Error{data} with a HINT
/// when the rows can not be decoded with certainty.
TableDecoding make_table_decoding(const TableMap& map,
                                  const std::optional<TableDefinition>& definition,
                                  TableCatalog& catalog, std::int64_t known_until);

}  // namespace dts
