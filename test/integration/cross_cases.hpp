// What each type of one kind of database becomes in another, value by value: the rows of the table
// of types in README.md.
#pragma once

#include <string>
#include <vector>

#include "test/integration/type_cases.hpp"

namespace dts::test {

struct CrossCase {
    std::string from;  ///< the source column's type
    std::string to;    ///< the target column's
    /// SQL expressions: what is inserted at the source, and what the target must hold then.
    std::vector<std::pair<std::string, std::string>> values;
    KnownBy known_by = KnownBy::both;  ///< the kinds of MySQL that have the type
    bool can_be_keyless = true;        ///< the server can compare it
};

std::vector<CrossCase> mysql_to_postgres_cases();
std::vector<CrossCase> postgres_to_mysql_cases();

}  // namespace dts::test
