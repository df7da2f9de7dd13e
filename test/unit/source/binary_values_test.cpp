// Values in binary, made by hand, as PostgreSQL's send functions write them. What the server itself
// sends and prints is in test/integration/postgres_binary_test.cpp.
#include "lib/source/postgres/binary_values.hpp"

#include <catch2/catch.hpp>

#include <bit>
#include <limits>

#include "lib/base/error.hpp"
#include "lib/source/postgres/binary_choice.hpp"
#include "lib/source/postgres/pgoutput_decoder.hpp"
#include "test/unit/source/pgoutput_fixture.hpp"

using namespace dts;
using namespace dts::test;

namespace {

std::string be(std::uint64_t value, int bytes) {
    std::string out;
    put_be(out, value, bytes);
    return out;
}

std::string text(std::string_view type, const std::string& bytes) {
    Arena arena;
    return std::string(binary_text(binary_form(type), as_message(bytes), arena));
}

std::string numeric(int weight, unsigned sign, unsigned scale,
                    std::initializer_list<unsigned> groups) {
    std::string out = be(groups.size(), 2) + be(static_cast<std::uint16_t>(weight), 2) +
                      be(sign, 2) + be(scale, 2);
    for (const unsigned group : groups) put_be(out, group, 2);
    return out;
}

constexpr std::int64_t day_us = 86'400'000'000;

std::string at(std::int64_t us) {
    return be(static_cast<std::uint64_t>(us), 8);
}

}  // namespace

TEST_CASE("binary values: whole numbers, booleans and identifiers") {
    CHECK(text("bool", be(1, 1)) == "t");
    CHECK(text("bool", be(0, 1)) == "f");
    CHECK(text("int2", be(0x8000, 2)) == "-32768");
    CHECK(text("int4", be(0x80000000, 4)) == "-2147483648");
    CHECK(text("int4", be(7, 4)) == "7");
    CHECK(text("int8", be(std::uint64_t{1} << 63, 8)) == "-9223372036854775808");
    CHECK(text("oid", be(0xFFFFFFFF, 4)) == "4294967295");
    CHECK(text("uuid", be(0x0123456789ABCDEF, 8) + be(0x00112233445566FF, 8)) ==
          "01234567-89ab-cdef-0011-2233445566ff");
}

TEST_CASE("binary values: floats in the server's shortest form, which is not the library's") {
    const auto float8 = [](double v) {
        return text("float8", be(std::bit_cast<std::uint64_t>(v), 8));
    };
    const auto float4 = [](float v) {
        return text("float4", be(std::bit_cast<std::uint32_t>(v), 4));
    };
    CHECK(float8(0.0) == "0");
    CHECK(float8(-0.0) == "-0");
    CHECK(float8(std::numeric_limits<double>::infinity()) == "Infinity");
    CHECK(float8(-std::numeric_limits<double>::infinity()) == "-Infinity");
    CHECK(float8(std::numeric_limits<double>::quiet_NaN()) == "NaN");
    CHECK(float8(0.1) == "0.1");
    CHECK(float8(-0.0001) == "-0.0001");
    CHECK(float8(0.00001234) == "1.234e-05");
    CHECK(float8(123456789012345.0) == "123456789012345");
    CHECK(float8(1e15) == "1e+15");
    CHECK(float8(-2.2250738585072014e-308) == "-2.2250738585072014e-308");
    CHECK(float8(5e-324) == "5e-324");
    CHECK(float8(18014398509482008.0) ==
          "1.8014398509482008e+16");  // read back from ...01e+16, too
    CHECK(float4(100'000.0f) == "100000");
    CHECK(float4(1'000'000.0f) == "1e+06");
    CHECK(float4(67'108'944.0f) == "6.7108944e+07");
    CHECK(float4(1e-45f) == "1e-45");
}

TEST_CASE("binary values: a numeric keeps the digits that it was written with") {
    CHECK(text("numeric", numeric(0, 0, 0, {})) == "0");
    CHECK(text("numeric", numeric(0, 0, 3, {})) == "0.000");
    CHECK(text("numeric", numeric(0, 0x4000, 0, {7})) == "-7");
    CHECK(text("numeric", numeric(1, 0, 2, {12, 3456, 7800})) == "123456.78");
    CHECK(text("numeric", numeric(1, 0, 6, {1})) == "10000.000000");
    CHECK(text("numeric", numeric(-1, 0x4000, 3, {10})) == "-0.001");
    CHECK(text("numeric", numeric(-3, 0, 12, {1})) == "0.000000000001");
    CHECK(text("numeric", numeric(0, 0xC000, 0, {})) == "NaN");
    CHECK(text("numeric", numeric(0, 0xD000, 0, {})) == "Infinity");
    CHECK(text("numeric", numeric(0, 0xF000, 0, {})) == "-Infinity");
}

TEST_CASE("binary values: days and times in the server's own form, before Christ too") {
    CHECK(text("date", be(0, 4)) == "2000-01-01");
    CHECK(text("date", be(0x7FFFFFFF, 4)) == "infinity");
    CHECK(text("date", be(0x80000000, 4)) == "-infinity");
    CHECK(text("date", be(static_cast<std::uint32_t>(-2451545), 4)) == "4714-11-24 BC");
    CHECK(text("date", be(2145031948, 4)) == "5874897-12-31");
    CHECK(text("time", at(0)) == "00:00:00");
    CHECK(text("time", at(day_us)) == "24:00:00");
    CHECK(text("time", at(45'296'789'010)) == "12:34:56.78901");
    CHECK(text("timestamp", at(-1)) == "1999-12-31 23:59:59.999999");
    CHECK(text("timestamp", at(59 * day_us + 500'000)) == "2000-02-29 00:00:00.5");
    CHECK(text("timestamptz", at(-730'500 * day_us)) == "0002-12-17 00:00:00+00 BC");
    CHECK(text("timestamptz", at(std::numeric_limits<std::int64_t>::max())) == "infinity");
    CHECK(text("timestamp", at(std::numeric_limits<std::int64_t>::min())) == "-infinity");
}

TEST_CASE("binary values: texts and bytes") {
    CHECK(text("text", "") == "");
    CHECK(text("varchar", "a\xC3\xA4") == "a\xC3\xA4");
    CHECK(text("jsonb", "\1{\"a\": 1}") == "{\"a\": 1}");
    CHECK(text("bytea", "") == "\\x");
    CHECK(text("bytea", std::string("\0\xFF'", 3)) == "\\x00ff27");
}

TEST_CASE("binary values: what a type does not have is refused, however short") {
    for (const auto& [type, bytes] : std::initializer_list<std::pair<const char*, std::string>>{
             {"bool", be(1, 1)},
             {"int2", be(1, 2)},
             {"int4", be(1, 4)},
             {"int8", be(1, 8)},
             {"oid", be(1, 4)},
             {"numeric", numeric(1, 0, 2, {12, 3456, 7800})},
             {"float4", be(1, 4)},
             {"float8", be(1, 8)},
             {"date", be(1, 4)},
             {"time", at(1)},
             {"timestamp", at(1)},
             {"timestamptz", at(1)},
             {"uuid", std::string(16, 'x')}}) {
        CAPTURE(type);
        CHECK_NOTHROW(text(type, bytes));
        CHECK_THROWS_AS(text(type, bytes + "x"), Error);
        for (std::size_t length = 0; length < bytes.size(); ++length)
            CHECK_THROWS_AS(text(type, bytes.substr(0, length)), Error);
    }
    CHECK_THROWS_AS(text("bool", be(2, 1)), Error);
    CHECK_THROWS_AS(text("time", at(-1)), Error);
    CHECK(text("time", at(day_us + 500'000)) == "24:00:00.5");
    CHECK_THROWS_AS(text("time", at(100 * day_us / 24)), Error);
    CHECK_THROWS_AS(text("jsonb", ""), Error);
    CHECK_THROWS_AS(text("jsonb", "\2{}"), Error);
    CHECK_THROWS_AS(text("numeric", numeric(0, 0, 0, {10'000})), Error);
    CHECK_THROWS_AS(text("numeric", numeric(0, 1, 0, {1})), Error);
    CHECK_THROWS_AS(text("numeric", numeric(0, 0, 0x4000, {1})), Error);
    CHECK_THROWS_AS(text("interval", be(1, 16)), Error);
    // Of a numeric as large as may be, nothing is read that was not sent.
    CHECK(text("numeric", numeric(0x7FFF, 0, 0x3FFF, {9999})).size() == 4 * 0x8000 + 1 + 0x3FFF);
    CHECK(text("numeric", numeric(-0x8000, 0, 1, {9999})) == "0.0");
    for (const auto us : {std::numeric_limits<std::int64_t>::min() + 1,
                          std::numeric_limits<std::int64_t>::max() - 1})
        CHECK(text("timestamptz", at(us)).size() <= 38);
}

namespace {

/// A relation with one column of this type.
std::string relation_of(std::uint32_t type) {
    std::string out = "R";
    put_be(out, 1, 4);
    out.append("s").append(1, '\0').append("t").append(1, '\0').append("f");
    put_be(out, 1, 2);
    put_be(out, 1, 1);
    out.append("v").append(1, '\0');
    put_be(out, type, 4);
    put_be(out, 0xFFFFFFFF, 4);
    return out;
}

std::string insert_of(char kind, const std::string& bytes) {
    std::string row = "N";
    put_be(row, 1, 2);
    row += kind;
    put_be(row, bytes.size(), 4);
    return change_message('I', 1, row + bytes);
}

std::string type_of(std::uint32_t id, const char* schema, const char* name) {
    std::string out = "Y";
    put_be(out, id, 4);
    return out.append(schema).append(1, '\0').append(name).append(1, '\0');
}

struct BinaryStream {
    explicit BinaryStream(bool is_binary = true)
        : choice(std::make_shared<BinaryChoice>()),
          decoder([](std::string_view schema, std::string_view) { return schema == "s"; },
                  options()) {
        if (is_binary) choice->choose_binary({20'000});
        decoder.start({1, 0});
        accept(begin_message(at));
    }
    PgoutputDecoder::Options options() const {
        PgoutputDecoder::Options options;
        options.binary = choice;
        return options;
    }
    void accept(const std::string& message) { decoder.accept(as_message(message)); }
    /// Of an insert of the one value.
    std::string value(std::uint32_t type, char kind, const std::string& bytes) {
        accept(relation_of(type));
        accept(insert_of(kind, bytes));
        accept(commit_message(at, at + 50));
        batch = decoder.take();
        at += 100;
        accept(begin_message(at));
        return std::string(batch->changes.front().after[0].as_view());
    }

    std::shared_ptr<BinaryChoice> choice;
    PgoutputDecoder decoder;
    ChangeBatchPtr batch;
    std::uint64_t at = 100;  ///< the commit of the open transaction
};

}  // namespace

TEST_CASE("binary values: a stream's rows hold text, of domains and enums too") {
    BinaryStream stream;
    CHECK(stream.value(23, 'b', be(42, 4)) == "42");
    CHECK(stream.value(23, 't', "43") == "43");
    stream.accept(type_of(20'001, "", "int4"));
    CHECK(stream.value(20'001, 'b', be(44, 4)) == "44");
    CHECK(stream.value(20'000, 'b', "label") == "label");
}

TEST_CASE("binary values: bytes that make no sense end a binary stream, for text to be judged") {
    BinaryStream stream;
    try {
        stream.value(23, 'b', be(1, 3));
        FAIL("they are taken");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::transient);
        CHECK_THAT(error.what(), Catch::Contains("a row of source table \"s\".\"t\" in binary"));
    }
}

TEST_CASE("binary values: a type without a form ends a binary stream, for good") {
    BinaryStream stream;
    const std::uint32_t type = GENERATE(1186u, 1007u, 20'002u);
    try {
        stream.accept(relation_of(type));
        FAIL("it is taken");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::transient);
        CHECK_THAT(error.what(), Catch::Contains("column \"v\" of source table \"s\".\"t\""));
    }
    // Of a stream of text nothing is known.
    BinaryStream of_text(false);
    CHECK(of_text.value(1186, 't', "1 day") == "1 day");
    CHECK_THROWS_AS(of_text.value(23, 'b', be(42, 4)), Error);
}

TEST_CASE("binary values: a type of a table that is not read does not matter") {
    BinaryStream stream;
    std::string other = relation_of(1186);
    other.replace(5, 1, "x");
    stream.accept(other);
    stream.accept(insert_of('b', "12345678"));
    CHECK(stream.decoder.has_batch());
}
