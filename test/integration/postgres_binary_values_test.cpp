// Postgres: values that the server sends in binary are the text that it prints, of every type that
// is read so.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "lib/source/postgres/binary_values.hpp"
#include "test/servers/postgres_server.hpp"
#include "test/skip.hpp"

using namespace dts;
using namespace dts::test;

namespace {

struct SentType {
    const char* type;
    const char* send;
    const char* made;   ///< from i, 1 to 20,000
    const char* nasty;  ///< literals
    int times = 1;      ///< so many more
};

/// `d` and `u`: an integer of 64 bits by chance, of any size and sign; one of 32.
constexpr SentType sent_types[] = {
    {"bool", "boolsend", "i % 2 = 0", "('t')"},
    {"int2", "int2send", "u % 32768", "('-32768'), ('32767'), ('0'), ('-1')"},
    {"int4", "int4send", "u >> i % 32", "('-2147483648'), ('2147483647'), ('0'), ('-1')"},
    {"int8", "int8send", "d", "('-9223372036854775808'), ('9223372036854775807'), ('0')"},
    {"oid", "oidsend", "u::bigint + 2147483648", "('0'), ('4294967295')"},
    {"numeric", "numeric_send",
     "CASE i % 4 WHEN 0 THEN (d::text || repeat('7', i % 90) || '.' || (u & 2147483647) || "
     "repeat('0', i % 7))::numeric WHEN 1 THEN d * ('1e' || i % 700 - 350)::numeric WHEN 2 THEN "
     "round(d / 1e9, i % 30) ELSE round(0 + d % 1000 * 0.0001, i % 23 - 5) END",
     "('NaN'), ('Infinity'), ('-Infinity'), ('0'), ('0.000'), ('-0'), ('1e131071'), ('1e-16383'), "
     "('10000'), ('9999'), ('0.0001'), ('0.00001'), ('100000000.10000000'), ('-0.1'), "
     "(repeat('9', 131072) || '.' || repeat('9', 16383))"},
    // Decimals by chance, powers of two and what is next to them, integers between two that have a
    // form of their own, fractions, and decimals that are as near to one number as to another.
    {"float8", "float8send",
     "CASE i % 8 WHEN 0 THEN (d % 100000000000000000 || 'e' || abs(u) % 600 - 315)::float8 WHEN 1 "
     "THEN 2::float8 ^ (i / 8 % 2098 - 1074) WHEN 2 THEN 2::float8 ^ (i / 8 % 2045 - 1021) * (1 + "
     "2::float8 ^ (-52)) WHEN 3 THEN 2::float8 ^ (i / 8 % 2044 - 1020) * (1 - 2::float8 ^ (-53)) "
     "WHEN 4 THEN ((9007199254740993 + i) / 2 * 2 + 1) * 2::numeric ^ (i / 8 % 60) WHEN 5 THEN "
     "d / 10::float8 ^ (i / 8 % 25) WHEN 6 THEN i / 8 * 2::float8 ^ (i / 8 % 200 - 100) ELSE (d % "
     "100000 || '5e' || abs(u) % 300)::float8 END",
     "('NaN'), ('Infinity'), ('-Infinity'), ('0'), ('-0'), ('5e-324'), ('1.7976931348623157e308'), "
     "('2.2250738585072014e-308'), ('0.1'), ('1e14'), ('1e15'), ('1e16'), ('123456789012345'), "
     "('1234567890123456'), ('0.0001'), ('0.00001'), ('0.00012345'), ('1e22'), ('1e23')",
     10},
    {"float4", "float4send",
     "CASE i % 8 WHEN 0 THEN (d % 10000000000 || 'e' || abs(u) % 68 - 40)::float8 WHEN 1 THEN "
     "2::float8 ^ (i / 8 % 277 - 149) WHEN 2 THEN 2::float8 ^ (i / 8 % 250 - 124) * (1 + 2::float8 "
     "^ (-23)) WHEN 3 THEN 2::float8 ^ (i / 8 % 250 - 124) * (1 - 2::float8 ^ (-24)) WHEN 4 THEN "
     "((16777217 + i) / 2 * 2 + 1) * 2::numeric ^ (i / 8 % 60) WHEN 5 THEN d / 10::float8 ^ (i / 8 "
     "% 15) WHEN 6 THEN i / 8 * 2::float8 ^ (i / 8 % 100 - 50) ELSE (d % 1000 || '5e' || abs(u) % "
     "34)::float8 END",
     "('NaN'), ('Infinity'), ('-Infinity'), ('0'), ('-0'), ('1e-45'), ('3.4028235e38'), ('0.1'), "
     "('1.17549435e-38'), ('1e5'), ('1e6'), ('1e7'), ('123456'), ('1234567'), ('0.0001'), "
     "('0.00001'), ('0.00012345'), ('33554432')",
     10},
    {"date", "date_send",
     "date '2000-01-01' + CASE i % 3 WHEN 0 THEN i - 10000 WHEN 1 THEN i - 740485 ELSE "
     "least(greatest(u, -2451545 + i), 2145031948 - i) END",
     "('infinity'), ('-infinity'), ('4713-01-01 BC'), ('4714-11-24 BC'), ('5874897-12-31'), "
     "('0001-12-31 BC'), ('0001-01-01'), ('9999-12-31'), ('10000-01-01'), ('1900-02-28'), "
     "('2000-02-29'), ('0005-02-29 BC'), ('0099-03-01')"},
    {"time", "time_send", "time '00:00' + abs(d % 86400000000) * interval '1 microsecond'",
     "('24:00:00'), ('00:00:00'), ('23:59:59.999999'), ('00:00:00.000001'), ('12:00:00.1')"},
    {"timestamp", "timestamp_send",
     "timestamp '2000-01-01' + CASE i % 3 WHEN 0 THEN i - 10000 WHEN 1 THEN i - 740485 ELSE abs(d) "
     "% "
     "109203526 - 2451543 END * interval '1 day' + u * interval '1 microsecond'",
     "('infinity'), ('-infinity'), ('4713-01-01 BC'), ('4714-11-24 00:00:00 BC'), "
     "('294276-12-31 23:59:59.999999'), ('0001-12-31 23:59:59.999999 BC'), ('0001-01-01'), "
     "('9999-12-31 23:59:59.999999'), ('10000-01-01'), ('1999-12-31 23:59:59.9')"},
    {"timestamptz", "timestamptz_send",
     "timestamptz '2000-01-01' + CASE i % 3 WHEN 0 THEN i - 10000 WHEN 1 THEN i - 740485 ELSE "
     "abs(d) "
     "% 109203526 - 2451543 END * interval '1 day' + u * interval '1 microsecond'",
     "('infinity'), ('-infinity'), ('4713-01-01 BC'), ('294276-12-31 23:59:59.999999'), "
     "('0044-03-15 10:00 BC'), ('2024-10-27 02:30:00 Europe/Berlin'), "
     "('1883-11-18 12:03:57.999999-08')"},
    {"uuid", "uuid_send", "md5(i::text)::uuid", "(repeat('0', 32)), (repeat('f', 32))"},
    {"bytea", "byteasend", "substr(sha512(i::text::bytea), 1, i % 65)",
     "(''), ('\\x00'), ('\\x00ff5c27'), (repeat('\\000', 3000)::bytea)"},
    {"text", "textsend", "repeat(chr(1 + i), i % 50) || i",
     "(''), ('it''s'), (E'a\\tb\\\\c\\nd\\re'), (repeat('z', 5000))"},
    {"varchar(20)", "varcharsend", "left(chr(1 + i) || md5(i::text), i % 21)",
     "(''), ('trailing  ')"},
    {"char(8)", "bpcharsend", "left(chr(1 + i) || md5(i::text), i % 9)", "(''), ('pad')"},
    {"name", "namesend", "left(chr(1 + i) || md5(i::text), i % 30)", "(''), ('a name')"},
    {"json", "json_send", "json_build_object(chr(1 + i), d, 'x', md5(i::text))",
     "('{\"b\": 1,  \"a\": [1, 2.50, null]}'), ('\"\\u00e9\"'), ('null')"},
    {"jsonb", "jsonb_send",
     "jsonb_build_object(chr(1 + i), d / 1e3, 'x', ARRAY[chr(20001 - i), E'\\n\"\\\\'])",
     "('{\"b\": 1,  \"a\": [1, 2.50, null]}'), ('\"\\u00e9\\ud83d\\ude00\"'), ('null'), ('[]'), "
     "('1e300'), ('\"\"')"},
    {"s.mood", "enum_send", "CASE WHEN i % 2 = 0 THEN 'so so' ELSE 'ä' END", "('so so')"},
    {"s.positive", "int4send", "abs(u / 2) + 1", "(1)"},
};

std::string bytes_of_hex(std::string_view hex) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes += static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1]));
    return bytes;
}

BinaryForm form_of(std::string_view type) {
    if (type == "s.mood") return BinaryForm::same;
    if (type == "s.positive") return BinaryForm::int4;
    return binary_form(type == "char(8)" ? "bpchar" : type.substr(0, type.find('(')));
}

/// Its texts of what the server sends, beside those that the server prints in a session of ours.
void check_texts(PostgresServer& server) {
    server.run(
        "CREATE SCHEMA s; CREATE TYPE s.mood AS ENUM ('so so', 'ä');"
        "CREATE DOMAIN s.positive AS int CHECK (VALUE > 0)");
    auto connection = server.connect();
    for (const SentType& sent : sent_types) {
        CAPTURE(sent.type);
        const auto result = connection.query(fmt::format(
            "WITH chance AS (SELECT i, ('x' || md5(i::text))::bit(64)::bigint >> i % 64 AS d, ('x' "
            "|| md5('u' || i))::bit(32)::int AS u FROM generate_series(1, {4}) AS i), v AS "
            "(SELECT ({1})::{0} AS v FROM chance UNION ALL SELECT t::{0} FROM (VALUES {3}) AS "
            "n(t)) SELECT v, encode({2}(v), 'hex') FROM v",
            sent.type, sent.made, sent.send, sent.nasty, sent.times * 20'000));
        REQUIRE(result.size() > 20'000);
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < result.size() && wrong < 5; ++i) {
            Arena arena;
            const std::string bytes = bytes_of_hex(result.at(i, 1));
            const auto text =
                binary_text(form_of(sent.type), std::as_bytes(std::span(bytes)), arena);
            if (text == result.at(i, 0)) continue;
            ++wrong;
            UNSCOPED_INFO(fmt::format("'{}', the server has '{}'", text, result.at(i, 0)));
        }
        CHECK(wrong == 0);
    }
}

}  // namespace

TEST_CASE("postgres: what comes in binary is the text that the server prints") {
    PostgresServer server;
    check_texts(server);
}

TEST_CASE("postgres 17: what comes in binary is the text that the server prints") {
    constexpr auto release = PostgresServer::Release::seventeen;
    if (const auto why = PostgresServer::why_unavailable(release)) {
        skip(*why);
        return;
    }
    PostgresServer server({}, PostgresServer::Identity::shared, release);
    check_texts(server);
}
