// Every column type of MariaDB and MySQL, with the values at which types go wrong.
#pragma once

#include <string>
#include <vector>

namespace dts::test {

enum class KnownBy { both, mariadb, mysql };

struct TypeCase {
    std::string name;                 ///< of its tables: t_NAME, n_NAME, k_NAME
    std::string definition;           ///< without NULL or NOT NULL
    std::vector<std::string> values;  ///< SQL expressions, all different
    bool can_be_key = true;
    KnownBy known_by = KnownBy::both;
};

const std::vector<TypeCase>& type_cases();

/// The tables of a case in d, empty: t_ has a key of its own, n_ has none, k_ has the type as its
/// key.
std::string create_tables(const TypeCase& type);
/// Every value and NULL into each of its tables.
std::string insert_rows(const TypeCase& type);
/// Every value becomes another one, NULL a value and a value NULL; one row goes.
std::string change_rows(const TypeCase& type);

/// One table with a column for each of these types, and its rows.
std::string create_wide_table(const std::vector<TypeCase>& types);
std::string insert_wide_rows(const std::vector<TypeCase>& types);
std::string change_wide_rows(const std::vector<TypeCase>& types);

}  // namespace dts::test
