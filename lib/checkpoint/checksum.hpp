// The checksum that guards the state files: CRC-32 (zlib's), written as eight hex digits.
#pragma once

#include <cstdint>
#include <string_view>

namespace dts {

std::uint32_t checksum(std::string_view bytes) noexcept;

}  // namespace dts
