// Times as they stand in records and logs: UTC text of a fixed width, to and from the epoch.
// Parsing is strict: exactly this form and a day that exists, or nothing. Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dts {

/// Microseconds since the epoch by the wall clock.
std::int64_t now_us() noexcept;

/// "2024-10-10 08:01:09.308022". Times before the year 0 or after 9999 are clamped to its ends.
std::string microsecond_text(std::int64_t us_since_epoch);

/// "2024-10-10 08:00:58.000", clamped likewise.
std::string millisecond_text(std::int64_t ms_since_epoch);

/// The inverse of the two above; nothing when the text is not exactly of that form.
std::optional<std::int64_t> parse_microsecond_text(std::string_view text) noexcept;
std::optional<std::int64_t> parse_millisecond_text(std::string_view text) noexcept;

}  // namespace dts
