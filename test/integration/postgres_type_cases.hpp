// Every built-in type of Postgres and its array, domains, enums, composites, ranges and the types
// of the extensions that come with it, with the values at which types go wrong.
#pragma once

#include <string>
#include <vector>

#include "test/integration/postgres_pair.hpp"

namespace dts::test {

struct PostgresTypeCase {
    std::string type;
    std::vector<std::string> values;  ///< SQL expressions
};

/// With the types and the schema s of postgres_types_of_our_own().
const std::vector<PostgresTypeCase>& postgres_type_cases();
const char* postgres_types_of_our_own();

/// Of PostGIS, whose extension lives in public.
const std::vector<PostgresTypeCase>& postgis_type_cases();

/// Every value through insert, update and delete between the two, in a table with a key and in one
/// without, where rows are found by every value; the schema s holds both tables of each case
/// afterwards. Servers and sessions that print and read otherwise do not matter. Checks (Catch2).
void check_types_arrive(PostgresPair& pair, const std::vector<PostgresTypeCase>& cases);

}  // namespace dts::test
