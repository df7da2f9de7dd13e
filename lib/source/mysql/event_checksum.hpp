// The CRC-32 of an event (the common one, of zlib and Ethernet). Every byte of the binlog goes
// through here, so it is folded sixteen bytes at a time where the processor can multiply
// polynomials: some ten times faster than tables.
#pragma once

#include <cstdint>

#include "lib/base/byte_reader.hpp"

namespace dts {

std::uint32_t event_checksum(Bytes bytes) noexcept;

}  // namespace dts
