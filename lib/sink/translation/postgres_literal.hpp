// Reads the text that a Postgres server prints of dates, times and arrays, in a session of ours
// (DateStyle ISO, TimeZone UTC, IntervalStyle postgres). Throws Error{data} for what is not that.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/change/value.hpp"

namespace dts::postgres_literal {

/// "2024-02-29", "2024-02-29 12:34:56.123456", "... +05:30", which is taken off: UTC. Refuses
/// infinity, and years outside of 1 to 9999.
CivilTime read_civil(std::string_view text);

/// Microseconds of "24:00:00.5".
std::int64_t read_time(std::string_view text);

/// Microseconds since 1970-01-01 UTC.
std::int64_t epoch_us(const CivilTime& t);

/// An array as JSON: numbers and booleans bare, NULL as null, all else as strings; json and jsonb
/// as they are. `element` is the name of the element's type in pg_type.
std::string json_of_array(std::string_view text, std::string_view element);

}  // namespace dts::postgres_literal
