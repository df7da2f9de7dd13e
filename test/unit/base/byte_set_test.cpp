#include "lib/base/byte_set.hpp"

#include <catch2/catch.hpp>

using namespace dts;

TEST_CASE("byte set: the first of its bytes is found, whatever stands before it") {
    constexpr ByteSet quotes("'\"\xff");
    CHECK(quotes.first_in("") == std::string_view::npos);
    CHECK(quotes.first_in("na\xc3\xafve\x80") == std::string_view::npos);
    CHECK(quotes.first_in("it's \"x\"") == 2);
    CHECK(quotes.first_in("\xfe\xff") == 1);
    CHECK(quotes.has('"'));
    CHECK_FALSE(quotes.has('\0'));
}

TEST_CASE("byte set: a text holds nothing else") {
    constexpr ByteSet digits("0123456789");
    CHECK(digits.is_all_of("2024"));
    CHECK(digits.is_all_of(""));
    CHECK_FALSE(digits.is_all_of("20-24"));
    CHECK_FALSE(digits.is_all_of("\xb2"));
}
