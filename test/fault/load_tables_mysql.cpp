#include <fmt/format.h>

#include <array>

#include "test/fault/load_tables.hpp"

namespace dts::test {

namespace {

using Statements = std::vector<std::string>;

constexpr int ids = 3000;  ///< few enough to meet each other

template <typename Item, std::size_t N>
const Item& any(Chance& chance, const std::array<Item, N>& items) {
    return items[static_cast<std::size_t>(chance.between(0, N - 1))];
}

Statements by_id(Chance& chance) {
    const int id = chance.between(1, ids);
    const int up_to = id + chance.between(0, 30);
    switch (chance.between(1, 8)) {
        case 1:
            return {
                fmt::format("UPDATE by_id SET n = n + 1 WHERE id BETWEEN {} AND {}", id, up_to)};
        case 2:
            return {fmt::format("UPDATE by_id SET v = NULL, amount = -amount WHERE id = {}", id)};
        case 3:
            return {fmt::format("DELETE FROM by_id WHERE id BETWEEN {} AND {}", id, up_to)};
        case 4:  // the key changes
            return {fmt::format("UPDATE by_id SET id = id + {} WHERE id = {}", ids, id)};
        case 5:  // each row takes the key that the one before it has just left
            return {
                fmt::format("UPDATE by_id SET id = id + 1 WHERE id BETWEEN {} AND {} "
                            "ORDER BY id DESC",
                            id, up_to)};
        case 6:  // gone and back within one transaction
            return {fmt::format("DELETE FROM by_id WHERE id = {}", id),
                    fmt::format("INSERT INTO by_id (id, v, n) VALUES ({}, 'back', {})", id, up_to)};
        default:
            return {
                fmt::format("INSERT INTO by_id (id, v, n, amount) VALUES ({0}, REPEAT('x', {1}), "
                            "{1}, {0}.125) ON DUPLICATE KEY UPDATE n = n + 1",
                            id, up_to % 150)};
    }
}

/// The same key to the collation, and not the same bytes.
constexpr std::array<const char*, 12> words = {"ash",   "Ash",    "ASH",  "beech",
                                               "Béech", "cedar",  "élan", "elan",
                                               "Elm",   "fir''s", "日本", "göl\\\\d"};

Statements by_text(Chance& chance) {
    const std::string a = any(chance, words), b = any(chance, words);
    const std::string key = fmt::format("WHERE a = '{}' AND b = '{}'", a, b);
    switch (chance.between(1, 7)) {
        case 1:
            return {fmt::format("UPDATE by_text SET n = n + 1 WHERE a = '{}'", a)};
        case 2:
            return {"DELETE FROM by_text " + key};
        case 3:  // bytes of the key change, the key itself does not
            return {"UPDATE by_text SET a = UPPER(a) " + key};
        case 4:
            return {"UPDATE by_text SET b = CONCAT(RTRIM(b), ' ') " + key};
        case 5:
            return {fmt::format("UPDATE by_text SET b = '{}' {}", any(chance, words), key)};
        default:
            return {fmt::format("INSERT INTO by_text VALUES ('{}', '{}', {})", a, b,
                                chance.between(1, 99))};
    }
}

Statements by_unique(Chance& chance) {
    const int u = chance.between(1, 400);
    switch (chance.between(1, 5)) {
        case 1:
            return {fmt::format("UPDATE by_unique SET n = n + 1 WHERE u < 'u{}' LIMIT 5", u)};
        case 2:
            return {fmt::format("DELETE FROM by_unique WHERE u = 'u{}'", u)};
        case 3:
            return {fmt::format("UPDATE by_unique SET u = 'u{}' WHERE u = 'u{}'",
                                chance.between(1, 400), u)};
        default:
            return {fmt::format("REPLACE INTO by_unique VALUES ('u{}', {})", u, u % 7)};
    }
}

Statements two_keys(Chance& chance) {
    const int a = chance.between(1, 200), b = chance.between(1, 200);
    const std::string read_u = fmt::format("SET @u = (SELECT u FROM two_keys WHERE id = {})", a);
    switch (chance.between(1, 7)) {
        case 1:  // two rows swap the values of their second key
            return {read_u, fmt::format("SET @w = (SELECT u FROM two_keys WHERE id = {})", b),
                    fmt::format("UPDATE two_keys SET u = NULL WHERE id = {}", a),
                    fmt::format("UPDATE two_keys SET u = @u WHERE id = {}", b),
                    fmt::format("UPDATE two_keys SET u = @w WHERE id = {}", a)};
        case 2:  // a value goes from a row that ends to one that begins
            return {read_u, fmt::format("DELETE FROM two_keys WHERE id = {}", a),
                    fmt::format("INSERT INTO two_keys VALUES ({}, @u, 1)", b)};
        case 3:  // a chain of moves
            return {
                fmt::format("UPDATE two_keys SET u = u + 1 WHERE u BETWEEN {} AND {} "
                            "ORDER BY u DESC",
                            a, a + 20)};
        case 4:  // may remove two rows
            return {fmt::format("REPLACE INTO two_keys VALUES ({}, {}, 2)", a, b)};
        case 5:
            return {fmt::format("DELETE FROM two_keys WHERE id = {}", a)};
        case 6:
            return {fmt::format("UPDATE two_keys SET id = {} WHERE id = {}", b, a)};
        default:
            return {fmt::format("INSERT INTO two_keys VALUES ({}, {}, 0)", a,
                                chance.one_in(5) ? "NULL" : std::to_string(b))};
    }
}

Statements keyless(Chance& chance) {
    const int v = chance.between(1, 50);
    switch (chance.between(1, 5)) {
        case 1:
            return {fmt::format("UPDATE keyless SET s = 'changed' WHERE v = {} LIMIT 1", v)};
        case 2:
            return {fmt::format("DELETE FROM keyless WHERE v = {} LIMIT 1", v)};
        case 3:
            return {fmt::format("DELETE FROM keyless WHERE v = {}", v)};
        default:
            return {
                fmt::format("INSERT INTO keyless VALUES ({0}, 'same'), ({0}, 'same'), "
                            "({0}, NULL), (NULL, 'same')",
                            v)};
    }
}

Statements latin_keys(Chance& chance) {
    static constexpr std::array<const char*, 8> keys = {"Ärger", "arger", "straße", "STRASSE",
                                                        "élan",  "elan",  "ñu",     "ÿ"};
    const std::string k = any(chance, keys);
    switch (chance.between(1, 4)) {
        case 1:
            return {
                fmt::format("UPDATE latin_keys SET k = '{}' WHERE k = '{}'", any(chance, keys), k)};
        case 2:
            return {fmt::format("DELETE FROM latin_keys WHERE k = '{}'", k)};
        default:
            return {
                fmt::format("INSERT INTO latin_keys VALUES ('{}', 'über') "
                            "ON DUPLICATE KEY UPDATE v = CONCAT(LEFT(v, 20), 'é')",
                            k)};
    }
}

Statements binary_keys(Chance& chance) {
    // Quotes, backslashes, zeros in the middle and at the end, which the binlog leaves out.
    static constexpr std::array<const char*, 7> keys = {
        "275C00FF2227", "00", "0000000000000001", "5C5C", "FFFEFD", "0A0D1A", "61620000"};
    const std::string k = any(chance, keys);
    switch (chance.between(1, 4)) {
        case 1:
            return {fmt::format("UPDATE binary_keys SET k = X'{}' WHERE k = RPAD(X'{}', 8, X'00')",
                                any(chance, keys), k)};
        case 2:
            return {fmt::format("DELETE FROM binary_keys WHERE k = RPAD(X'{}', 8, X'00')", k)};
        default:
            return {fmt::format("REPLACE INTO binary_keys VALUES (X'{}', X'00275C{:02X}')", k,
                                chance.between(0, 255))};
    }
}

Statements random_change(Chance& chance) {
    static constexpr std::array changes = {by_id,   by_text,    by_unique,  two_keys,
                                           keyless, latin_keys, binary_keys};
    return any(chance, changes)(chance);
}

Statements large_change(Chance& chance, int rows) {
    constexpr int rows_of_statement = 1000;
    Statements statements;
    for (int done = 0; done < rows; done += rows_of_statement) {
        const int count = std::min(rows_of_statement, rows - done);
        const int first = 10 * ids + chance.between(0, 20) * rows_of_statement;
        const int kind = chance.between(1, 5);
        if (kind == 1) {
            statements.push_back(
                fmt::format("UPDATE by_id SET n = n + 1 WHERE id >= {} "
                            "ORDER BY id LIMIT {}",
                            first, count));
        } else if (kind == 2) {
            statements.push_back(
                fmt::format("DELETE FROM by_id WHERE id >= {} "
                            "ORDER BY id LIMIT {}",
                            first, count));
        } else {
            std::string sql = kind == 3 ? "INSERT INTO keyless VALUES "
                                        : "REPLACE INTO by_id (id, v, n, amount) VALUES ";
            for (int i = 0; i < count; ++i) {
                sql += i == 0 ? "" : ",";
                sql += kind == 3 ? fmt::format("({}, 'many')", 1000 + i % 100)
                                 : fmt::format("({}, 'many', {}, {}.5)", first + i, i, i);
            }
            statements.push_back(std::move(sql));
        }
    }
    // The keyless table stays small.
    statements.push_back("DELETE FROM keyless WHERE v >= 1000 LIMIT 1500");
    return statements;
}

}  // namespace

const LoadTables& mysql_load_tables() {
    static const LoadTables tables{
        fmt::format("USE {}", load_database),
        fmt::format(
            "CREATE DATABASE {0} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci; USE {0};"
            "CREATE TABLE by_id (id INT PRIMARY KEY, v VARCHAR(200), n INT NOT NULL DEFAULT 0,"
            "  amount DECIMAL(12,3), at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)"
            "  ON UPDATE CURRENT_TIMESTAMP(6));"
            "CREATE TABLE by_text (a VARCHAR(20), b VARCHAR(20), n INT, PRIMARY KEY (a, b));"
            "CREATE TABLE by_unique (u VARCHAR(20) NOT NULL, n INT, UNIQUE KEY (u));"
            "CREATE TABLE two_keys (id INT PRIMARY KEY, u INT, n INT, UNIQUE KEY (u));"
            "CREATE TABLE keyless (v INT, s VARCHAR(20), KEY (v));"
            "CREATE TABLE latin_keys (k VARCHAR(20) PRIMARY KEY, v VARCHAR(50)) CHARACTER SET "
            "latin1;"
            "CREATE TABLE binary_keys (k BINARY(8) PRIMARY KEY, v BLOB);"
            "CREATE TABLE accounts_a (id INT PRIMARY KEY, balance BIGINT NOT NULL);"
            "CREATE TABLE accounts_b LIKE accounts_a;"
            "CREATE TABLE ledger (writer INT NOT NULL, number BIGINT NOT NULL);"
            "CREATE TABLE ledger_totals (writer INT PRIMARY KEY, entries BIGINT NOT NULL)",
            load_database),
        random_change,
        large_change,
    };
    return tables;
}

}  // namespace dts::test
