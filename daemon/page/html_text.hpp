// Text for the status page: whatever comes from outside passes through escaped(); figures are
// written as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dts {

/// Fit for element content and for attribute values in double quotes. Valid UTF-8; control
/// characters but line ends and tabs are replaced.
std::string escaped(std::string_view text);

/// "0.3 s", "12 s", "3 min 20 s", "2 h 5 min", "4 d 3 h"; negative ones as "0 s".
std::string seconds_text(double seconds);
/// "48,211,904".
std::string grouped_text(std::uint64_t number);
/// "512 B", "1.5 KiB", "3.0 GiB".
std::string bytes_text(std::uint64_t bytes);
/// "2026-11-26 00:41:07 UTC"; "" for 0 and before.
std::string time_text(std::int64_t us_since_epoch);

}  // namespace dts
