// Which backend runs the workers, and making it: the one place that names them.
#pragma once

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/units/unit_backend.hpp"

namespace dts {

/// The paths of a daemon, absolute.
struct DaemonPlaces {
    std::filesystem::path tasks_folder = "/etc/dts/tasks.d";
    std::optional<std::filesystem::path> defaults;  ///< dts.conf
    std::filesystem::path log_root = "/var/log/dts";
    std::filesystem::path run_folder = "/run/dtsd";
    std::filesystem::path worker = "/usr/bin/dts-worker";
};

/// Where the runtime folders of the workers are: /run/dts, as systemd makes them, for the daemon's
/// usual run folder; inside any other one.
std::filesystem::path runtime_root_of(const std::filesystem::path& run_folder);

/// What a kind of backend ("auto", "systemd", "process") means here: systemd, or not. Auto means it
/// where this process is a service of the system's systemd.
bool uses_systemd(const std::string& kind) noexcept;

/// Throws Error{config}.
std::unique_ptr<UnitBackend> make_backend(boost::asio::io_context& loop, const std::string& kind,
                                          const DaemonPlaces& places,
                                          std::function<void(const std::string&)> log);

}  // namespace dts
