#include "daemon/notify.hpp"

#include <systemd/sd-daemon.h>

#include <atomic>
#include <string>

namespace dts {

void notify_ready() noexcept {
    static std::atomic<bool> said{false};
    if (!said.exchange(true)) sd_notify(0, "READY=1");
}

void notify_status(std::string_view text) noexcept {
    sd_notifyf(0, "STATUS=%.*s", static_cast<int>(text.size()), text.data());
}

void notify_stopping() noexcept {
    sd_notify(0, "STOPPING=1");
}

void notify_watchdog() noexcept {
    sd_notify(0, "WATCHDOG=1");
}

void notify_extend_timeout(std::chrono::microseconds time) noexcept {
    sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%lld", static_cast<long long>(time.count()));
}

std::optional<std::chrono::microseconds> watchdog_interval() noexcept {
    std::uint64_t interval_us = 0;
    if (sd_watchdog_enabled(0, &interval_us) <= 0) return std::nullopt;
    return std::chrono::microseconds(interval_us);
}

}  // namespace dts
