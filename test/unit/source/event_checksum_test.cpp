#include "lib/source/mysql/event_checksum.hpp"

#include <catch2/catch.hpp>

#include <zlib.h>

#include "test/unit/source/binlog_fixture.hpp"

using namespace dts;
using namespace dts::test;

TEST_CASE("event checksum: the same as zlib's for every length and alignment") {
    std::string data;
    for (unsigned i = 0; i < 1200; ++i) data += static_cast<char>(i * 167 + i / 7);
    for (const std::size_t start : {0ul, 1ul, 7ul, 15ul}) {
        for (std::size_t size = 0; size + start < data.size(); ++size) {
            const auto part = std::string_view(data).substr(start, size);
            const auto wanted =
                ::crc32_z(0, reinterpret_cast<const Bytef*>(part.data()), part.size());
            if (event_checksum(bytes_of(part)) != wanted) FAIL("size " << size);
        }
    }
    CHECK(event_checksum(bytes_of("123456789")) == 0xCBF43926);
}
