// What a MySQL or MariaDB server says of a table now: columns, types and keys, from
// information_schema. Source and sink both ask it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/change/table_schema.hpp"
#include "lib/client/mysql_client.hpp"

namespace dts {

/// nullptr when the table does not exist or the account may not see it. Throws Error as the
/// connection does, Error{data} for a column type that dts does not know.
TableSchemaPtr read_table_schema(MysqlConnection& connection, std::string_view schema,
                                 std::string_view table);

/// The parts of a column type as information_schema.columns gives it ("enum('a','b''c')",
/// "decimal(10,2) unsigned", ...) put into `column`: type, length, precision, scale, is_unsigned,
/// labels. `data_type` is DATA_TYPE, `column_type` COLUMN_TYPE. False for a type that is not known.
bool parse_mysql_type(std::string_view data_type, std::string_view column_type, Column& column);

/// The labels of "enum('a','b''c')" or "set(...)", as information_schema prints the type: quotes
/// doubled, backslashes and line ends behind a backslash.
std::vector<std::string> parse_labels(std::string_view column_type);

}  // namespace dts
