// How a collection travels: as a table of three columns. Only sources and sinks of document
// databases look inside; to all between them these are columns of bytes with a primary key.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "lib/change/table_schema.hpp"

namespace dts::document_table {

/// The key of the document's _id (lib/client/document_key.hpp).
constexpr std::uint16_t key = 0;
/// The document as it is after an insert or a replacement; absent in an update.
constexpr std::uint16_t document = 1;
/// What an update does to the document, in the source's own form; absent where `document` is there.
constexpr std::uint16_t update = 2;
constexpr std::uint16_t columns = 3;

inline TableSchema schema_of(std::string database, std::string collection) {
    TableSchema schema;
    schema.schema = std::move(database);
    schema.table = std::move(collection);
    for (const char* name : {"_id", "document", "update"}) {
        Column column;
        column.name = name;
        column.type = ColumnType::bytes;
        column.nullable = schema.columns.size() != key;
        column.in_before = schema.columns.size() == key;
        schema.columns.push_back(std::move(column));
    }
    schema.unique_keys = {{"_id", {key}, false, false}};
    schema.has_primary_key = true;
    schema.names_fold_case = false;
    return schema;
}

}  // namespace dts::document_table
