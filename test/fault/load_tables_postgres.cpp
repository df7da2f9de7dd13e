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
    switch (chance.between(1, 9)) {
        case 1:
            return {
                fmt::format("UPDATE by_id SET n = n + 1 WHERE id BETWEEN {} AND {}", id, up_to)};
        case 2:
            return {fmt::format("UPDATE by_id SET v = NULL, amount = -amount WHERE id = {}", id)};
        case 3:
            return {fmt::format("DELETE FROM by_id WHERE id BETWEEN {} AND {}", id, up_to)};
        case 4:  // the key changes
            return {fmt::format("UPDATE by_id SET id = id + {} WHERE id = {}", ids, id)};
        case 5:  // gone and back within one transaction
            return {fmt::format("DELETE FROM by_id WHERE id = {}", id),
                    fmt::format("INSERT INTO by_id (id, v, n) VALUES ({}, 'back', {})", id, up_to)};
        case 6:  // a value so long that it stands outside of its row, and is not sent when another
                 // column changes
            return {
                fmt::format("UPDATE by_id SET big = (SELECT string_agg(md5((i + {0})::text), "
                            "'') FROM generate_series(1, 200) i) WHERE id = {0}",
                            id)};
        default:
            return {fmt::format(
                "INSERT INTO by_id (id, v, n, amount) VALUES ({0}, repeat('x', {1}), {1}, {0}.125) "
                "ON CONFLICT (id) DO UPDATE SET n = by_id.n + 1",
                id, up_to % 150)};
    }
}

constexpr std::array<const char*, 11> words = {"ash",    "Ash",      "ASH",      "beech",
                                               "Béech",  "cedar",    "elan",     "Elm",
                                               "fir''s", "göl\\\\d", "tab\tline"};

Statements by_text(Chance& chance) {
    const std::string a = any(chance, words), b = any(chance, words);
    const std::string key = fmt::format("WHERE a = '{}' AND b = '{}'", a, b);
    switch (chance.between(1, 6)) {
        case 1:
            return {fmt::format("UPDATE by_text SET n = n + 1 WHERE a = '{}'", a)};
        case 2:
            return {"DELETE FROM by_text " + key};
        case 3:
            return {"UPDATE by_text SET a = upper(a) " + key};
        case 4:
            return {"UPDATE by_text SET b = rtrim(b) || ' ' " + key};
        default:
            return {fmt::format("INSERT INTO by_text VALUES ('{}', '{}', {})", a, b,
                                chance.between(1, 99))};
    }
}

/// Equal to the key, and not the same text: 1.0 and 1.00.
Statements by_number(Chance& chance) {
    const int n = chance.between(1, 60);
    switch (chance.between(1, 4)) {
        case 1:
            return {fmt::format("UPDATE by_number SET k = round(k, {}) WHERE k = {}",
                                chance.between(0, 4), n)};
        case 2:
            return {fmt::format("DELETE FROM by_number WHERE k = {}", n)};
        default:
            return {fmt::format("INSERT INTO by_number VALUES ({}.{:0{}}, 'v')", n, 0,
                                chance.between(1, 5))};
    }
}

Statements two_keys(Chance& chance) {
    const int a = chance.between(1, 200), b = chance.between(1, 200);
    switch (chance.between(1, 6)) {
        case 1:  // two rows swap the values of their second key
            return {
                fmt::format("CREATE TEMP TABLE IF NOT EXISTS swapped (id int, u int) ON COMMIT "
                            "DELETE ROWS"),
                "DELETE FROM swapped",
                fmt::format("INSERT INTO swapped SELECT id, u FROM two_keys WHERE id IN ({}, {})",
                            a, b),
                fmt::format("UPDATE two_keys SET u = NULL WHERE id IN ({}, {})", a, b),
                fmt::format("UPDATE two_keys t SET u = s.u FROM swapped s WHERE t.id = {} AND s.id "
                            "= {}",
                            a, b),
                fmt::format("UPDATE two_keys t SET u = s.u FROM swapped s WHERE t.id = {} AND s.id "
                            "= {}",
                            b, a)};
        case 2:  // a value goes from a row that ends to one that begins
            return {fmt::format("WITH gone AS (DELETE FROM two_keys WHERE id = {} RETURNING u) "
                                "INSERT INTO two_keys_next SELECT u FROM gone",
                                a),
                    fmt::format("INSERT INTO two_keys SELECT {}, max(u), 1 FROM two_keys_next", b),
                    "DELETE FROM two_keys_next"};
        case 3:
            return {fmt::format("DELETE FROM two_keys WHERE id = {}", a)};
        case 4:
            return {fmt::format("UPDATE two_keys SET id = {} WHERE id = {}", b, a)};
        case 5:
            return {fmt::format("UPDATE two_keys SET u = {} WHERE id = {}", b, a)};
        default:
            return {fmt::format("INSERT INTO two_keys VALUES ({}, {}, 0)", a,
                                chance.one_in(5) ? "NULL" : std::to_string(b))};
    }
}

Statements keyless(Chance& chance) {
    const int v = chance.between(1, 50);
    const auto one = fmt::format("ctid = (SELECT ctid FROM keyless WHERE v = {} LIMIT 1)", v);
    switch (chance.between(1, 5)) {
        case 1:
            return {"UPDATE keyless SET s = 'changed' WHERE " + one};
        case 2:
            return {"DELETE FROM keyless WHERE " + one};
        case 3:
            return {fmt::format("DELETE FROM keyless WHERE v = {}", v)};
        default:
            return {
                fmt::format("INSERT INTO keyless VALUES ({0}, 'same'), ({0}, 'same'), "
                            "({0}, NULL), (NULL, 'same')",
                            v)};
    }
}

Statements parted(Chance& chance) {
    const int id = chance.between(1, 400);
    switch (chance.between(1, 4)) {
        case 1:  // from one partition to another
            return {fmt::format("UPDATE parted SET id = 401 - id WHERE id = {}", id)};
        case 2:
            return {fmt::format("DELETE FROM parted WHERE id = {}", id)};
        default:
            return {fmt::format(
                "INSERT INTO parted VALUES ({}, 'x') ON CONFLICT (id) DO UPDATE SET v = "
                "parted.v || 'y'",
                id)};
    }
}

Statements random_change(Chance& chance) {
    static constexpr std::array changes = {by_id, by_text, by_number, two_keys, keyless, parted};
    return any(chance, changes)(chance);
}

Statements large_change(Chance& chance, int rows) {
    constexpr int rows_of_statement = 1000;
    Statements statements;
    for (int done = 0; done < rows; done += rows_of_statement) {
        const int count = std::min(rows_of_statement, rows - done);
        const int first = 10 * ids + chance.between(0, 20) * rows_of_statement;
        switch (chance.between(1, 5)) {
            case 1:
                statements.push_back(fmt::format(
                    "UPDATE by_id SET n = n + 1 WHERE id BETWEEN {} AND {}", first, first + count));
                break;
            case 2:
                statements.push_back(fmt::format("DELETE FROM by_id WHERE id BETWEEN {} AND {}",
                                                 first, first + count));
                break;
            case 3:
                statements.push_back(fmt::format(
                    "INSERT INTO keyless SELECT 1000 + i % 100, 'many' FROM generate_series(1, {}) "
                    "i",
                    count));
                break;
            default:
                statements.push_back(fmt::format(
                    "INSERT INTO by_id (id, v, n, amount) SELECT i, 'many', i, i + 0.5 FROM "
                    "generate_series({}, {}) i ON CONFLICT (id) DO UPDATE SET n = by_id.n + 1",
                    first, first + count));
        }
    }
    // The keyless table stays small.
    statements.push_back(
        "DELETE FROM keyless WHERE ctid IN (SELECT ctid FROM keyless WHERE v >= 1000 LIMIT 1500)");
    return statements;
}

}  // namespace

const LoadTables& postgres_load_tables() {
    static const LoadTables tables{
        fmt::format("SET search_path = {0}; SET lock_timeout = '2s'", load_database),
        fmt::format(
            "CREATE SCHEMA {0}; SET search_path = {0};"
            "CREATE TABLE by_id (id int PRIMARY KEY, v varchar(200), n int NOT NULL DEFAULT 0,"
            "  amount numeric(12,3), at timestamptz NOT NULL DEFAULT clock_timestamp(),"
            "  twice int GENERATED ALWAYS AS (n * 2) STORED, big text);"
            "ALTER TABLE by_id ALTER big SET STORAGE EXTERNAL;"
            "CREATE TABLE by_text (a text, b varchar(20), n int, PRIMARY KEY (a, b));"
            "CREATE TABLE by_number (k numeric PRIMARY KEY, v text);"
            "CREATE TABLE two_keys (id int PRIMARY KEY, u int UNIQUE, n int);"
            "CREATE TABLE two_keys_next (u int); ALTER TABLE two_keys_next REPLICA IDENTITY FULL;"
            "CREATE TABLE keyless (v int, s varchar(20)); CREATE INDEX ON keyless (v);"
            "ALTER TABLE keyless REPLICA IDENTITY FULL;"
            "CREATE TABLE parted (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);"
            "CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (200);"
            "CREATE TABLE parted_high PARTITION OF parted FOR VALUES FROM (200) TO (1000);"
            "CREATE TABLE accounts_a (id int PRIMARY KEY, balance bigint NOT NULL);"
            "CREATE TABLE accounts_b (id int PRIMARY KEY, balance bigint NOT NULL);"
            "CREATE TABLE ledger (writer int NOT NULL, number bigint NOT NULL);"
            "ALTER TABLE ledger REPLICA IDENTITY FULL;"
            "CREATE TABLE ledger_totals (writer int PRIMARY KEY, entries bigint NOT NULL);"
            "SET search_path = public",
            load_database),
        random_change,
        large_change,
    };
    return tables;
}

}  // namespace dts::test
