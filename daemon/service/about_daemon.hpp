// What a daemon says of itself to dtsctl: its version and its places.
#pragma once

#include <string>
#include <string_view>

#include "daemon/units/backend_factory.hpp"

namespace dts {

struct AboutDaemon {
    DaemonPlaces places;
    std::string backend;
    std::string version = DTS_VERSION;
};

std::string to_json(const AboutDaemon& about);
/// Throws Error{bug} for what is no such object.
AboutDaemon about_daemon_of(std::string_view json);

}  // namespace dts
