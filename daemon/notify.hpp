// What a service tells systemd that started it (sd_notify). Without systemd, nothing happens.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace dts {

/// READY=1, once; later calls do nothing.
void notify_ready() noexcept;
/// STATUS=, the line that `systemctl status` shows. One line of UTF-8.
void notify_status(std::string_view text) noexcept;
void notify_stopping() noexcept;
/// Says that the program is alive: must come more often than every watchdog_interval().
void notify_watchdog() noexcept;
/// A start, or a stop, takes longer: it may go on for this long from now.
void notify_extend_timeout(std::chrono::microseconds time) noexcept;
/// Nothing when the service manager does not watch.
std::optional<std::chrono::microseconds> watchdog_interval() noexcept;

}  // namespace dts
