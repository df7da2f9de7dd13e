// Do two servers hold the same rows? As multisets, so that neither a missing key nor another order
// of the same rows hides or feigns a difference; every column, as the server prints it in UTC.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/client/mysql_client.hpp"
#include "lib/client/postgres_client.hpp"

namespace dts::test {

struct CompareOptions {
    std::string right_table;  ///< its name on the right, where it differs
    /// Column to SQL expression, for what two kinds of server print differently.
    std::map<std::string, std::string> left_expressions;
    std::map<std::string, std::string> right_expressions;
};

/// Compares `table` ("db.table", without quotes) on both; empty when they are equal, else the first
/// differences as text. Memory does not grow with the table as long as they are equal.
std::string compare_tables(MysqlConnection& left, MysqlConnection& right, const std::string& table,
                           const CompareOptions& options = {});

/// compare_tables() for each base table of a database; also differs when one side lacks a table.
std::string compare_databases(MysqlConnection& left, MysqlConnection& right,
                              const std::string& database);

/// The same for each table of a Postgres schema, every column as text.
std::string compare_schemas(PostgresConnection& left, PostgresConnection& right,
                            const std::string& schema);

}  // namespace dts::test
