#include "lib/base/clock_text.hpp"

#include <catch2/catch.hpp>

using namespace dts;

TEST_CASE("clock text: both forms are read and written back") {
    const auto us = parse_microsecond_text("2024-10-10 08:01:09.308022");
    REQUIRE(us.has_value());
    CHECK(*us == 1'728'547'269'308'022);
    CHECK(microsecond_text(*us) == "2024-10-10 08:01:09.308022");

    const auto ms = parse_millisecond_text("2024-02-29 23:59:59.999");
    REQUIRE(ms.has_value());
    CHECK(*ms == 1'709'251'199'999);
    CHECK(millisecond_text(*ms) == "2024-02-29 23:59:59.999");
    CHECK(millisecond_text(0) == "1970-01-01 00:00:00.000");
}

TEST_CASE("clock text: times before the epoch are read and written back") {
    const auto us = parse_microsecond_text("1969-12-31 23:59:59.999999");
    CHECK(us == -1);
    CHECK(microsecond_text(-1) == "1969-12-31 23:59:59.999999");
}

TEST_CASE("clock text: anything but the exact form is no time") {
    const auto text =
        GENERATE("", "2024-10-10", "2024-10-10 08:01:09", "2024-10-10T08:01:09.308",
                 "2024-13-10 08:01:09.308", "2023-02-29 08:01:09.308", "2024-10-10 24:01:09.308",
                 "2024-10-10 08:60:09.308", "2024-10-10 08:01:60.308", "2024-10-10 08:01:09.3o8",
                 "2024-10-10 08:01:09.3080", "-024-10-10 08:01:09.308");
    CAPTURE(text);
    CHECK_FALSE(parse_millisecond_text(text).has_value());
}

TEST_CASE("clock text: now is after this was written") {
    CHECK(now_us() > 1'728'547'269'308'022);
    CHECK(microsecond_text(std::numeric_limits<std::int64_t>::max()) ==
          "9999-12-31 23:59:59.999999");
}
