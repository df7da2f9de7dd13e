#include "lib/source/mysql/temporal.hpp"

#include <catch2/catch.hpp>

#include "test/unit/source/binlog_fixture.hpp"

using namespace dts;
using namespace dts::test;

namespace {

template <typename Read>
std::string read(std::string_view hex, Read function) {
    const std::string raw = unhex(hex);
    ByteReader reader(bytes_of(raw));
    const Value value = function(reader);
    CHECK(reader.empty());
    return text_of(value);
}

}  // namespace

TEST_CASE("temporal: DATETIME with and without a fraction") {
    CHECK(read("99 b2 ba 10 83", [](auto& r) { return read_datetime2(r, 0); }) ==
          "2024-02-29T01:02:03.000000");
    CHECK(read("99 b2 ba 10 83 11 d0", [](auto& r) { return read_datetime2(r, 3); }) ==
          "2024-02-29T01:02:03.456000");
    CHECK(read("80 00 00 00 00", [](auto& r) { return read_datetime2(r, 0); }) ==
          "0000-00-00T00:00:00.000000");
}

TEST_CASE("temporal: a negative TIME borrows its fraction from the seconds") {
    // -12:34:56.78, and one microsecond below zero
    CHECK(read("7f 37 47 b2", [](auto& r) { return read_time2(r, 2); }) == "-45296780000");
    CHECK(read("7f ff ff ff ff ff", [](auto& r) { return read_time2(r, 6); }) == "-1");
    CHECK(read("80 00 00 00 00 01", [](auto& r) { return read_time2(r, 6); }) == "1");
    CHECK(read("80 00 00", [](auto& r) { return read_time2(r, 0); }) == "0");
}

TEST_CASE("temporal: TIMESTAMP is microseconds, zero is the zero timestamp") {
    CHECK(read("00 00 00 00", [](auto& r) { return read_timestamp2(r, 0); }) == "0");
    CHECK(read("65 df d7 8b 0c", [](auto& r) { return read_timestamp2(r, 2); }) ==
          "1709168523120000");
}

TEST_CASE("temporal: DATE and YEAR, zero included") {
    CHECK(read("5d d0 0f", [](auto& r) { return read_date(r); }) == "2024-02-29T00:00:00.000000");
    CHECK(read("00 00 00", [](auto& r) { return read_date(r); }) == "0000-00-00T00:00:00.000000");
    CHECK(read("00", [](auto& r) { return read_year(r); }) == "0");
    CHECK(read("7c", [](auto& r) { return read_year(r); }) == "2024");
}

TEST_CASE("temporal: the formats of before 5.6") {
    CHECK(read("1b 0b a9 8b 68 12 00 00", [](auto& r) {
              return read_old_datetime(r);
          }).starts_with("2024-02-29T01:02:03"));
    CHECK(read("db 27 00", [](auto& r) { return read_old_time(r); }) == "3723000000");
    CHECK(read("25 d8 ff", [](auto& r) { return read_old_time(r); }) == "-3723000000");
    CHECK(read("8b d7 df 65", [](auto& r) { return read_old_timestamp(r); }) == "1709168523000000");
}

TEST_CASE("temporal: MariaDB's own fractions, as a 10.11 wrote them") {
    CHECK(read("00 b1 54 78 eb", [](auto& r) { return read_hires_time(r, 3); }) == "-45296789000");
    CHECK(read("01 02 7a b3 c5 88 3b 00", [](auto& r) { return read_hires_datetime(r, 6); }) ==
          "2024-02-29T01:02:03.123456");
    CHECK(read("65 df d7 8b 0c", [](auto& r) { return read_hires_timestamp(r, 2); }) ==
          "1709168523120000");
}
