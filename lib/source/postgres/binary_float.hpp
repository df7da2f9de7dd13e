// The text of a floating-point number as Postgres prints it with extra_float_digits above 0.
#pragma once

namespace dts {

/// Characters of the longest: -1.2345678901234567e-300.
inline constexpr unsigned longest_float = 24;

/// The end of the text that is put at `out`. Format: float8out(), float4out() of PostgreSQL.
char* put_float(char* out, double value);
char* put_float(char* out, float value);

}  // namespace dts
