// Workers as units of systemd: dts@NAME.service, asked for over D-Bus and watched by its signals,
// never polled. Units that run are adopted at open(), and they run on when the daemon ends.
//
// A task's name is the unit's instance as it stands (%i): every character that a name may have is
// one that an instance may have, so nothing is escaped. (systemd-escape would write '-' as \x2d,
// which is for paths.)
#pragma once

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <memory>
#include <string>

#include "daemon/units/unit_backend.hpp"

namespace dts {

struct SystemdBackendOptions {
    std::string bus_address;  ///< empty: the system's bus, or what DBUS_SYSTEM_BUS_ADDRESS says
    /// What LogsDirectory= and RuntimeDirectory= of the unit give: ROOT/NAME.
    std::filesystem::path log_root = "/var/log/dts";
    std::filesystem::path run_root = "/run/dts";
    /// Called when the bus was lost, and when it is back ("").
    std::function<void(const std::string& problem)> on_bus = {};
};

/// open() throws Error{unreachable} when there is no bus, or no systemd on it.
std::unique_ptr<UnitBackend> make_systemd_backend(boost::asio::io_context& loop,
                                                  SystemdBackendOptions options = {});

}  // namespace dts
