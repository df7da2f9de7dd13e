// MySQL keeps the numbers of a JSON column as integers of 64 bits or doubles, Postgres every digit.
#pragma once

#include <string_view>

namespace dts {

/// Throws Error{data} with a HINT when MySQL would keep another number than one of this JSON. What
/// is no JSON is left to the server.
void require_numbers_of_mysql(std::string_view json);

}  // namespace dts
