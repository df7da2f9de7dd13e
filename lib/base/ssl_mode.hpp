// How much of TLS a connection to a database asks for; the settings and every client share it.
#pragma once

#include <cstdint>

namespace dts {

enum class SslMode : std::uint8_t { disable, prefer, require, verify_ca, verify_full };

}  // namespace dts
