#include "daemon/page/html_text.hpp"

#include <catch2/catch.hpp>

namespace dts {

TEST_CASE("html text: nothing from outside can become markup", "[page]") {
    CHECK(escaped("<script>alert(\"1\")</script> & 'x'") ==
          "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;");
    CHECK(escaped("caf\u00e9 \u2192 \u4e2d") == "caf\u00e9 \u2192 \u4e2d");
    CHECK(escaped("a\nb\tc") == "a\nb\tc");
    CHECK(escaped(std::string_view("a\0b\x1b\x7f\xff", 6)) == "a\uFFFDb\uFFFD\uFFFD\uFFFD");
}

TEST_CASE("html text: durations read as people say them", "[page]") {
    CHECK(seconds_text(-1) == "0 s");
    CHECK(seconds_text(0) == "0 s");
    CHECK(seconds_text(0.004) == "<0.1 s");
    CHECK(seconds_text(0.3) == "0.3 s");
    CHECK(seconds_text(9.94) == "9.9 s");
    CHECK(seconds_text(9.96) == "10 s");
    CHECK(seconds_text(59.4) == "59 s");
    CHECK(seconds_text(59.6) == "1 min");
    CHECK(seconds_text(200) == "3 min 20 s");
    CHECK(seconds_text(7500) == "2 h 5 min");
    CHECK(seconds_text(86400 * 4 + 3 * 3600) == "4 d 3 h");
    CHECK(seconds_text(1e300).ends_with(" h"));
}

TEST_CASE("html text: bytes, counts and times", "[page]") {
    CHECK(bytes_text(0) == "0 B");
    CHECK(bytes_text(1023) == "1023 B");
    CHECK(bytes_text(1536) == "1.5 KiB");
    CHECK(bytes_text(1024ULL * 1024 * 1024 * 3) == "3.0 GiB");
    CHECK(bytes_text(1024 * 1024 - 1) == "1.0 MiB");
    CHECK(grouped_text(0) == "0");
    CHECK(grouped_text(999) == "999");
    CHECK(grouped_text(1000) == "1,000");
    CHECK(grouped_text(48'211'904) == "48,211,904");
    CHECK(time_text(0).empty());
    CHECK(time_text(1'795'653'667'000'000) == "2026-11-26 00:41:07 UTC");
}

}  // namespace dts
