// What a Postgres server says of a table now: columns, types and keys.
#pragma once

#include <string_view>

#include "lib/change/table_schema.hpp"
#include "lib/client/postgres_client.hpp"

namespace dts {

/// nullptr when the table does not exist. Columns have type text and the name of their type.
TableSchemaPtr read_postgres_table(PostgresConnection& connection, std::string_view schema,
                                   std::string_view table);

}  // namespace dts
