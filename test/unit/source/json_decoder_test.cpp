#include "lib/source/mysql/json_decoder.hpp"

#include <catch2/catch.hpp>

#include "lib/base/error.hpp"
#include "test/unit/source/binlog_fixture.hpp"

using namespace dts;
using namespace dts::test;

namespace {

std::string json(std::string_view hex) {
    const std::string raw = unhex(hex);
    std::string text;
    append_json_text(bytes_of(raw), text);
    return text;
}

std::string double_json(double value) {
    return json(fmt::format("0b{:016x}", __builtin_bswap64(std::bit_cast<std::uint64_t>(value))));
}

}  // namespace

TEST_CASE("json: literals, numbers and strings") {
    CHECK(json("04 00") == "null");
    CHECK(json("04 01") == "true");
    CHECK(json("04 02") == "false");
    CHECK(json("05 ff ff") == "-1");
    CHECK(json("06 ff ff") == "65535");
    CHECK(json("07 00 00 00 80") == "-2147483648");
    CHECK(json("0a ff ff ff ff ff ff ff ff") == "18446744073709551615");
    CHECK(json("09 00 00 00 00 00 00 00 80") == "-9223372036854775808");
    CHECK(json("0c 03 61 62 63") == "\"abc\"");
    CHECK(json("") == "null");
}

TEST_CASE("json: quotes, backslashes and control characters are escaped") {
    CHECK(json("0c 06 22 5c 0a 01 e2 82") == "\"\\\"\\\\\\n\\u0001\xe2\x82\"");
}

TEST_CASE("json: a double reads back as the same double") {
    CHECK(double_json(1.0) == "1.0");
    CHECK(double_json(-0.0) == "-0.0");
    CHECK(double_json(0.1) == "0.1");
    CHECK(double_json(1e100) == "1e100");
    CHECK(double_json(1e-7) == "1e-7");
    CHECK(double_json(5e-324) == "5e-324");
    CHECK(double_json(1.5e300) == "1.5e300");
    CHECK(std::stod(double_json(0.1 + 0.2)) == 0.1 + 0.2);
}

TEST_CASE("json: an array with inlined and outlined values") {
    // [1, "a"]: two elements of 11 bytes; 1 inlined as int16, the string at offset 10
    CHECK(json("02 02 00 0c 00 05 01 00 0c 0a 00 01 61") == "[1, \"a\"]");
    CHECK(json("02 00 00 04 00") == "[]");
}

TEST_CASE("json: an object keeps its keys") {
    // {"k": null}
    CHECK(json("00 01 00 0c 00 0b 00 01 00 04 00 00 6b") == "{\"k\": null}");
    CHECK(json("00 00 00 04 00") == "{}");
}

TEST_CASE("json: opaque values print as the server prints them") {
    CHECK(json("0f f6 05 05 02 80 00 32") == "0.50");
    CHECK(json("0f 0f 03 01 02 03") == "\"base64:type15:AQID\"");
}

TEST_CASE("json: documents that point outside or at themselves are refused") {
    CHECK_THROWS_AS(json("02 02 00 ff 00 05 01 00 0c 0a 00 01 61"), Error);
    CHECK_THROWS_AS(json("02 01 00 07 00 02 00 00"), Error);
    CHECK_THROWS_AS(json("0c ff ff ff ff ff 01"), Error);
    CHECK_THROWS_AS(json("0d 00"), Error);
    CHECK_THROWS_AS(json("0b 00 00 00 00 00 00 f0 7f"), Error);
}

TEST_CASE("json: a document whose parts overlap ends in an error, not in its expansion") {
    // Every element of the outer array is the same inner array, which is twice as large.
    std::string bomb = "\x02";
    std::string body = little<2>(100) + little<2>(0xFFFF);
    for (int i = 0; i < 100; ++i) body += std::string("\x02") + little<2>(304);
    body += little<2>(100) + little<2>(0xFFFF - 304);
    for (int i = 0; i < 100; ++i) body += std::string("\x05") + little<2>(7);
    body.resize(0xFFFF);
    std::string text;
    const std::string document = bomb + body;
    CHECK_NOTHROW(append_json_text(bytes_of(document), text));
    CHECK(text.size() < document.size() * 8);
}

TEST_CASE("json: every truncation of a document is an error, never a read behind its end") {
    const std::string document = unhex("00 01 00 0c 00 0b 00 01 00 04 00 00 6b");
    for (std::size_t size = 1; size < document.size(); ++size) {
        const std::vector<char> exact(document.begin(),
                                      document.begin() + static_cast<std::ptrdiff_t>(size));
        std::string text;
        CHECK_THROWS_AS(append_json_text(bytes_of({exact.data(), exact.size()}), text), Error);
    }
}
