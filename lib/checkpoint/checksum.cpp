#include "lib/checkpoint/checksum.hpp"

#include <zlib.h>

namespace dts {

std::uint32_t checksum(std::string_view bytes) noexcept {
    const auto* data = reinterpret_cast<const Bytef*>(bytes.data());
    return static_cast<std::uint32_t>(::crc32_z(0, data, bytes.size()));
}

}  // namespace dts
