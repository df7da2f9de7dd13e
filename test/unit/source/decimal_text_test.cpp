#include "lib/source/mysql/decimal_text.hpp"

#include <catch2/catch.hpp>

#include "lib/base/error.hpp"
#include "test/unit/source/binlog_fixture.hpp"

using namespace dts;
using namespace dts::test;

namespace {

std::string decimal(std::string_view hex, unsigned precision, unsigned scale) {
    const std::string raw = unhex(hex);
    REQUIRE(raw.size() == decimal_bytes(precision, scale));
    char text[longest_decimal_text];
    return std::string(decimal_text(bytes_of(raw), precision, scale, text));
}

}  // namespace

TEST_CASE("decimal: the example of the MySQL documentation reads as it says") {
    CHECK(decimal("81 0D FB 38 D2 04 D2", 14, 4) == "1234567890.1234");
    CHECK(decimal("7E F2 04 C7 2D FB 2D", 14, 4) == "-1234567890.1234");
}

TEST_CASE("decimal: zero keeps its scale, and no sign") {
    CHECK(decimal("80 00 00", 5, 2) == "0.00");
    CHECK(decimal("80", 2, 0) == "0");
}

TEST_CASE("decimal: a fraction alone gets its zero in front") {
    CHECK(decimal("80 00 32", 5, 2) == "0.50");
}

TEST_CASE("decimal: a size that can not exist is refused") {
    CHECK_THROWS_AS(decimal_bytes(66, 0), Error);
    CHECK_THROWS_AS(decimal_bytes(5, 6), Error);
    CHECK_THROWS_AS(decimal_bytes(0, 0), Error);
    CHECK(decimal_bytes(65, 30) == 30);
}
