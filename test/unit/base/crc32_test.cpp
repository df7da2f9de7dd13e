#include "lib/base/crc32.hpp"

#include <catch2/catch.hpp>

#include <span>
#include <string>
#include <zlib.h>

using namespace dts;

namespace {

Bytes bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

}  // namespace

TEST_CASE("crc32: the same as zlib's for every length and alignment") {
    std::string data;
    for (unsigned i = 0; i < 1200; ++i) data += static_cast<char>(i * 167 + i / 7);
    for (const std::size_t start : {0ul, 1ul, 7ul, 15ul}) {
        for (std::size_t size = 0; size + start < data.size(); ++size) {
            const auto part = std::string_view(data).substr(start, size);
            const auto wanted =
                ::crc32_z(0, reinterpret_cast<const Bytef*>(part.data()), part.size());
            if (crc32_of(bytes_of(part)) != wanted) FAIL("size " << size);
        }
    }
    CHECK(crc32_of(bytes_of("123456789")) == 0xCBF43926);
}
