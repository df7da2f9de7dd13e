#include "test/integration/type_cases.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dts::test {

namespace {

constexpr bool no_key = false;
constexpr bool not_keyless = false;  ///< the servers cannot compare it to anything

/// All 256 bytes, as a literal.
std::string all_bytes() {
    std::string hex;
    for (int byte = 0; byte < 256; ++byte) hex += fmt::format("{:02X}", byte);
    return "X'" + hex + "'";
}

std::string set_of_64() {
    std::string members;
    for (int i = 0; i < 64; ++i) members += fmt::format("{}'m{}'", i == 0 ? "" : ",", i);
    return "SET(" + members + ")";
}

std::string text_type(const char* charset) {
    return fmt::format("VARCHAR(40) CHARACTER SET {}", charset);
}

/// Quotes, backslashes, line ends, NUL, Ctrl-Z and spaces at the end.
const std::vector<std::string> awkward_texts = {
    "''",           "'plain'",  "'it''s \\\\ \\\"q\\\"'", "'a\\nb\\rc\\td'", "'x\\0y\\Zz'",
    "'  spaces  '", "'%_`$;--'"};

std::vector<std::string> with(std::vector<std::string> list, const std::vector<std::string>& more) {
    list.insert(list.end(), more.begin(), more.end());
    return list;
}

std::vector<TypeCase> make_cases() {
    return {
        {"tinyint", "TINYINT", {"0", "1", "-1", "-128", "127"}},
        {"tinyint_u", "TINYINT UNSIGNED", {"0", "127", "128", "255"}},
        {"smallint", "SMALLINT", {"0", "-32768", "32767"}},
        {"smallint_u", "SMALLINT UNSIGNED", {"0", "32768", "65535"}},
        {"mediumint", "MEDIUMINT", {"0", "-1", "-8388608", "8388607"}},
        {"mediumint_u", "MEDIUMINT UNSIGNED", {"0", "8388608", "16777215"}},
        {"int", "INT", {"0", "-2147483648", "2147483647"}},
        {"int_u", "INT UNSIGNED", {"0", "2147483648", "4294967295"}},
        {"bigint", "BIGINT", {"0", "-1", "-9223372036854775808", "9223372036854775807"}},
        {"bigint_u", "BIGINT UNSIGNED", {"0", "9223372036854775808", "18446744073709551615"}},
        {"zerofill", "INT(8) UNSIGNED ZEROFILL", {"0", "42", "4294967295"}},
        {"decimal", "DECIMAL(10,0)", {"0", "-1", "9999999999", "-9999999999"}},
        {"decimal_big",
         "DECIMAL(65,30)",
         {"0", "0.000000000000000000000000000001", "-0.1",
          "99999999999999999999999999999999999.999999999999999999999999999999",
          "-99999999999999999999999999999999999.999999999999999999999999999999",
          "12345678901234567890.12345"}},
        {"decimal_odd", "DECIMAL(11,3)", {"0", "-12345678.901", "10.010", "99999999.999"}},
        {"float",
         "FLOAT",
         {"0", "-1.5", "0.1", "1.17549e-38", "3.40282e38", "-3.40282e38", "16777217"}},
        {"double",
         "DOUBLE",
         {"0", "-1.5", "0.1", "2.2250738585072014e-308", "1.7976931348623157e308",
          "1.0000000000000002", "-123456789.123456789"}},
        {"bit1", "BIT(1)", {"b'0'", "b'1'"}},
        {"bit64", "BIT(64)", {"b'0'", "b'1'", "18446744073709551615", "X'8000000000000001'"}},
        {"bit13", "BIT(13)", {"b'0'", "b'1000000000001'", "b'1111111111111'"}},
        {"year", "YEAR", {"1901", "2155", "2024", "'0000'"}},
        {"date",
         "DATE",
         {"'1000-01-01'", "'9999-12-31'", "'2024-02-29'", "'0000-00-00'", "'2024-00-00'",
          "'2024-05-00'"}},
        {"datetime",
         "DATETIME",
         {"'1000-01-01 00:00:00'", "'9999-12-31 23:59:59'", "'0000-00-00 00:00:00'",
          "'2024-02-29 12:34:56'"}},
        {"datetime3",
         "DATETIME(3)",
         {"'1970-01-01 00:00:00.001'", "'9999-12-31 23:59:59.999'", "'2024-02-29 12:34:56.120'"}},
        {"datetime6",
         "DATETIME(6)",
         {"'1970-01-01 00:00:00.000001'", "'9999-12-31 23:59:59.999999'",
          "'2024-02-29 12:34:56.100000'", "'0000-00-00 00:00:00'"}},
        {"timestamp",
         "TIMESTAMP",
         {"'1970-01-01 00:00:01'", "'2038-01-19 03:14:07'", "'0000-00-00 00:00:00'",
          "'2024-03-31 01:30:00'"}},
        {"timestamp6",
         "TIMESTAMP(6)",
         {"'1970-01-01 00:00:01.000001'", "'2038-01-19 03:14:07.999999'",
          "'2024-10-27 01:30:00.500000'"}},
        {"time",
         "TIME",
         {"'00:00:00'", "'-00:00:01'", "'838:59:59'", "'-838:59:59'", "'23:59:59'"}},
        {"time3", "TIME(3)", {"'-00:00:00.001'", "'12:00:00.500'", "'-12:00:00.500'"}},
        {"time6",
         "TIME(6)",
         {"'-00:00:00.000001'", "'838:59:58.999999'", "'-838:59:58.999999'", "'00:00:01.100000'"}},
        {"char", "CHAR(10) CHARACTER SET utf8mb4", {"''", "'a'", "'0123456789'", "'ü😀'"}},
        {"varchar", text_type("utf8mb4") + " COLLATE utf8mb4_bin",
         with(awkward_texts, {"'😀👩‍👩‍👧 Ωmega'", "'A'", "'á'", "'a '"})},
        {"varchar_ci", text_type("utf8mb4"), {"'Straße'", "'x'", "'日本語'", "'z'"}},
        {"latin1", text_type("latin1"), {"''", "'é€ñ'", "'ÿ'", "'plain'"}},
        {"gbk", text_type("gbk"), {"''", "'你好'", "'誠'", "'a\\\\b'"}},
        {"sjis", text_type("sjis"), {"''", "'表示'", "'ソ'", "'a''b'"}},
        {"ucs2", text_type("ucs2"), {"''", "'ab'", "'日本'"}},
        {"utf16", text_type("utf16"), {"''", "'ab'", "'😀'"}},
        {"ascii", text_type("ascii"), awkward_texts},
        {"long_varchar",
         "VARCHAR(3000)",
         {"REPEAT('x', 255)", "REPEAT('y', 256)", "REPEAT('ü', 3000)"},
         no_key},
        {"binary",
         "BINARY(6)",
         {"X'000000000000'", "X'FF00FF00FF00'", "X'610000000000'", "'abcdef'"}},
        {"varbinary", "VARBINARY(300)", {"''", "X'00'", "X'6100'", "X'61'", all_bytes()}},
        {"tinytext", "TINYTEXT", with(awkward_texts, {"REPEAT('x', 255)"}), no_key},
        {"text", "TEXT", with(awkward_texts, {"REPEAT('ü', 20000)", "'😀'"}), no_key},
        {"mediumtext", "MEDIUMTEXT", {"''", "REPEAT('0123456789', 7000)"}, no_key},
        {"longtext", "LONGTEXT CHARACTER SET latin1", {"''", "REPEAT('é', 70000)"}, no_key},
        {"tinyblob", "TINYBLOB", {"''", "X'00FF'"}, no_key},
        {"blob", "BLOB", {"''", all_bytes(), "REPEAT(X'00', 60000)"}, no_key},
        {"mediumblob", "MEDIUMBLOB", {"''", "REPEAT(" + all_bytes() + ", 1000)"}, no_key},
        {"longblob", "LONGBLOB", {"''", "REPEAT(" + all_bytes() + ", 4000)"}, no_key},
        {"enum",
         "ENUM('small','it''s','ünïcödé','a,b','') CHARACTER SET utf8mb4",
         {"'small'", "'it''s'", "'ünïcödé'", "'a,b'", "5"}},
        {"enum_error", "ENUM('a','b') CHARACTER SET utf8mb4", {"'a'", "'no label'", "'b'"}},
        {"set", "SET('a','b','ü') CHARACTER SET utf8mb4", {"''", "'a'", "'a,ü'", "'a,b,ü'"}},
        {"set64", set_of_64(), {"''", "'m0'", "'m63'", "'m0,m31,m32,m63'", "18446744073709551615"}},
        {"json",
         "JSON",
         {"'{}'", "'[]'", "'null'", "'true'", "'\"text\"'", "'-1'", "'18446744073709551615'",
          "'1.5'", "'{\"a\": [1, {\"b\": null}, \"\\\\\"q\\\\\\\\\"], \"日\": \"😀\"}'",
          "'[[[[]]], {}, \"\", 0]'"},
         no_key},
        {"point",
         "POINT",
         {"ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('POINT(-0.5 1e10)')"},
         no_key},
        {"linestring",
         "LINESTRING",
         {"ST_GeomFromText('LINESTRING(0 0,1 1)')", "ST_GeomFromText('LINESTRING(0 0,1 1,2 0.5)')"},
         no_key},
        {"polygon",
         "POLYGON",
         {"ST_GeomFromText('POLYGON((0 0,4 0,4 4,0 4,0 0),(1 1,2 1,2 2,1 2,1 1))')",
          "ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))')"},
         no_key},
        {"geometry",
         "GEOMETRY",
         {"ST_GeomFromText('MULTIPOINT(1 1,2 2)')",
          "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))')",
          "ST_GeomFromText('MULTIPOLYGON(((0 0,1 0,1 1,0 0)))')"},
         no_key},

        {"inet6",
         "INET6",
         {"'::'", "'2001:db8::ff00:42:8329'", "'::ffff:192.0.2.128'"},
         true,
         KnownBy::mariadb},
        {"inet4",
         "INET4",
         {"'0.0.0.0'", "'192.0.2.1'", "'255.255.255.255'"},
         true,
         KnownBy::mariadb},
        {"uuid",
         "UUID",
         {"'123e4567-e89b-12d3-a456-426655440000'", "'00000000-0000-0000-0000-000000000000'"},
         true,
         KnownBy::mariadb},
        {"compressed",
         "VARCHAR(2000) COMPRESSED",
         {"''", "'short'", "REPEAT('abc', 600)"},
         no_key,
         KnownBy::mariadb},
        {"compressed_blob",
         "BLOB COMPRESSED",
         {"''", all_bytes(), "REPEAT(X'0001', 9000)"},
         no_key,
         KnownBy::mariadb},
        {"json_text",
         "JSON",
         {"'{ \"b\":1,\"a\" : [1,2 ] }'", "'1.0e5'", "'\"\\\\u00e9\"'"},
         no_key,
         KnownBy::mariadb},

        {"json_binary",
         "JSON",
         // Not decimals ("CAST(1.10 AS JSON)"): a server reads back every number with a point as a
         // double.
         {"JSON_OBJECT('d', CAST('2024-02-29' AS DATE))",
          "JSON_ARRAY(CAST('12:34:56.789' AS TIME(3)), CAST('2024-01-02 03:04:05' AS DATETIME))",
          "JSON_OBJECT('u', 18446744073709551615, 'i', -9223372036854775808, 'f', 1e-7)",
          "JSON_ARRAY(REPEAT('x', 70000), 1, 'y')",
          "JSON_OBJECT('k1', REPEAT('a', 200), 'k2', JSON_ARRAY(1.5, TRUE, NULL))"},
         no_key,
         KnownBy::mysql},
        {"srid",
         "POINT SRID 4326",
         {"ST_GeomFromText('POINT(1 2)', 4326)", "ST_GeomFromText('POINT(-9 80)', 4326)"},
         no_key,
         KnownBy::mysql},
        {"vector",
         "VECTOR(3)",
         {"STRING_TO_VECTOR('[1,2.5,-3e10]')", "STRING_TO_VECTOR('[0,0,0]')"},
         no_key,
         KnownBy::mysql,
         not_keyless},
        {"collation_0900",
         text_type("utf8mb4") + " COLLATE utf8mb4_0900_ai_ci",
         {"'Straße'", "'日本語'"},
         true,
         KnownBy::mysql},
    };
}

const std::string& next_value(const TypeCase& type, std::size_t i) {
    return type.values[(i + 1) % type.values.size()];
}

}  // namespace

const std::vector<TypeCase>& type_cases() {
    static const std::vector<TypeCase> cases = make_cases();
    return cases;
}

std::string create_tables(const TypeCase& type) {
    auto sql = fmt::format("CREATE TABLE d.t_{} (id INT PRIMARY KEY, v {} NULL);", type.name,
                           type.definition);
    if (type.can_be_keyless) {
        sql += fmt::format("CREATE TABLE d.n_{} (id INT, v {} NULL);", type.name, type.definition);
    }
    if (type.can_be_key) {
        sql += fmt::format("CREATE TABLE d.k_{} (v {} NOT NULL PRIMARY KEY, id INT);", type.name,
                           type.definition);
    }
    return sql;
}

std::string insert_rows(const TypeCase& type) {
    std::string sql = fmt::format("INSERT INTO d.t_{} VALUES (-1, NULL);", type.name);
    for (std::size_t i = 0; i < type.values.size(); ++i) {
        sql += fmt::format("INSERT INTO d.t_{} VALUES ({}, {});", type.name, i, type.values[i]);
    }
    for (std::size_t i = 0; type.can_be_keyless && i < type.values.size(); ++i) {
        sql += fmt::format("INSERT INTO d.n_{0} VALUES ({1}, {2}), ({1}, {2}), (-1, NULL);",
                           type.name, i, type.values[i]);
    }
    for (std::size_t i = 0; type.can_be_key && i < type.values.size(); ++i) {
        sql += fmt::format("INSERT INTO d.k_{} VALUES ({}, {});", type.name, type.values[i], i);
    }
    return sql;
}

std::string change_rows(const TypeCase& type) {
    const std::size_t last = type.values.size() - 1;
    std::string sql;
    for (std::size_t i = 0; i <= last; ++i) {
        const std::string value = i == 0 ? "NULL" : next_value(type, i);
        sql += fmt::format("UPDATE d.t_{} SET v = {} WHERE id = {};", type.name, value, i);
        if (!type.can_be_keyless) continue;
        sql += fmt::format("UPDATE d.n_{} SET v = {} WHERE id = {} LIMIT 1;", type.name, value, i);
    }
    sql += fmt::format(
        "UPDATE d.t_{0} SET v = {1} WHERE id = -1;"
        "DELETE FROM d.t_{0} WHERE id = {2};",
        type.name, type.values[0], last);
    if (type.can_be_keyless) {
        sql += fmt::format(
            "UPDATE d.n_{0} SET v = {1} WHERE id = -1 LIMIT 1;"
            "DELETE FROM d.n_{0} WHERE id = {2} LIMIT 1;",
            type.name, type.values[0], last);
    }
    if (type.can_be_key) {
        // A row changes, one goes, and one takes the key of the one that went.
        sql += fmt::format(
            "UPDATE d.k_{0} SET id = id + 100 WHERE id > 0;"
            "DELETE FROM d.k_{0} WHERE id = {1};"
            "UPDATE d.k_{0} SET v = {2} WHERE id = 0;",
            type.name, last + 100, type.values[last]);
    }
    return sql;
}

std::string create_wide_table(const std::vector<TypeCase>& types) {
    std::string columns;
    for (const auto& type : types)
        columns += fmt::format(", c_{} {} NULL", type.name, type.definition);
    return fmt::format("CREATE TABLE d.wide (id INT PRIMARY KEY{});", columns);
}

std::string insert_wide_rows(const std::vector<TypeCase>& types) {
    std::string first, second, nulls;
    for (const auto& type : types) {
        first += ", " + type.values[0];
        second += ", " + type.values[1];
        nulls += ", NULL";
    }
    return fmt::format("INSERT INTO d.wide VALUES (1{}), (2{}), (3{});", first, second, nulls);
}

std::string change_wide_rows(const std::vector<TypeCase>& types) {
    // Every other column: what is NULL and what is not alternates.
    std::string changes;
    for (std::size_t i = 0; i < types.size(); i += 2) {
        changes +=
            fmt::format("{}c_{} = {}", i == 0 ? "" : ", ", types[i].name, types[i].values[1]);
    }
    return fmt::format("UPDATE d.wide SET {} WHERE id IN (1, 3); DELETE FROM d.wide WHERE id = 2;",
                       changes);
}

}  // namespace dts::test
