#include "lib/base/utf8.hpp"

#include <catch2/catch.hpp>

using namespace dts;

namespace {

const std::string bad = "\xEF\xBF\xBD";

}  // namespace

TEST_CASE("utf8: what is valid stays as it is") {
    for (const std::string text :
         {"", "plain", "gr\xC3\xBC\xC3\x9F", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xED\x9F\xBF",
          "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"}) {
        CHECK(valid_utf8(text) == text);
    }
}

TEST_CASE("utf8: each byte of what is not valid is replaced, and nothing beside it") {
    CHECK(valid_utf8("a\xFFz") == "a" + bad + "z");
    CHECK(valid_utf8("a\xC3") == "a" + bad);                         // cut off
    CHECK(valid_utf8("\xC3(") == bad + "(");                         // no second byte
    CHECK(valid_utf8("\xC0\xAF") == bad + bad);                      // overlong
    CHECK(valid_utf8("\xE0\x80\x80") == bad + bad + bad);            // overlong
    CHECK(valid_utf8("\xED\xA0\x80") == bad + bad + bad);            // a surrogate
    CHECK(valid_utf8("\xF4\x90\x80\x80") == bad + bad + bad + bad);  // beyond U+10FFFF
    CHECK(valid_utf8("\xE2\x82 x") == bad + bad + " x");
}

TEST_CASE("utf8: one line has no line ends, and is cut between characters") {
    CHECK(one_line("a\nb\tc\x7F", 100) == "a b c ");
    CHECK(one_line("abcdef", 6) == "abcdef");
    CHECK(one_line("abcdefg", 6) == "abc\xE2\x80\xA6");
    // The cut would fall into the second character.
    CHECK(one_line("a\xE2\x82\xAC\xE2\x82\xAC", 6) == "a\xE2\x80\xA6");
}
