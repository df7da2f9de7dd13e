// What a service tells systemd that started it: the protocol of sd_notify(3). Without systemd,
// nothing happens.
//
// Nobody is waited for, unlike in sd_notify(): while systemd does not read (it reloads, or hangs),
// a message that finds its queue full is not sent, and the call returns false: try again later.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace dts {

/// READY=1, once; later calls do nothing.
bool notify_ready() noexcept;
/// STATUS=, the line that `systemctl status` shows. One line of UTF-8.
bool notify_status(std::string_view text) noexcept;
bool notify_stopping() noexcept;
/// Says that the program is alive: must come more often than every watchdog_interval().
bool notify_watchdog() noexcept;
/// A start, or a stop, takes longer: it may go on for this long from now.
bool notify_extend_timeout(std::chrono::microseconds time) noexcept;
/// Nothing when the service manager does not watch.
std::optional<std::chrono::microseconds> watchdog_interval() noexcept;

}  // namespace dts
