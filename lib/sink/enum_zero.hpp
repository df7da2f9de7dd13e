// ENUM's ordinal 0, the error value that a source without strict mode stores for a text that is no
// label. A strict target refuses it, so a statement that writes it runs without strict mode, and
// only that statement: what the server then has cut is counted, and must be those values alone.
#pragma once

#include <string>

#include "lib/client/mysql_client.hpp"
#include "lib/sink/write_group.hpp"

namespace dts::enum_zero {

/// How many of the columns that are written from ENUM to ENUM hold ordinal 0 in this row.
std::size_t count(const TableBinding& binding, const Value* after) noexcept;

/// Does any row of this write leave such a value?
bool is_in(const TableWrite& write) noexcept;

enum class Dialect : std::uint8_t { mariadb, mysql, both };

/// Takes strict mode off the statement that starts at `begin`, for its own duration.
void allow(std::string& out, std::size_t begin, Dialect dialect);

/// What the statement just executed was warned of: `expected` values that became 0, and nothing
/// else that strict mode would have refused. Throws Error{data} with the server's words.
void check(MysqlConnection& connection, std::size_t expected);

}  // namespace dts::enum_zero
