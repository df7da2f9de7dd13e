#include "test/integration/random_tables.hpp"

#include <fmt/format.h>

#include <array>

namespace dts::test {

namespace {

constexpr int ids = 40;  ///< few enough to meet each other

template <typename Items>
const auto& any(Chance& chance, const Items& items) {
    return items[static_cast<std::size_t>(chance.between(0, static_cast<int>(items.size()) - 1))];
}

/// Quoted or not as it needs, with the number in it.
std::string any_name(Chance& chance, const char* stem, int number) {
    static constexpr std::array forms = {"{}{}",          "\"Mixed Case {}{}\"", "\"select {}{}\"",
                                         "\"q\"\"{}{}\"", "\"日本 ü {}{}\"",     "\"a.b,{}{}\"",
                                         "\"{}'{}\\\""};
    return fmt::format(fmt::runtime(any(chance, forms)), stem, number);
}

}  // namespace

RandomTable::RandomTable(Chance& chance, const std::string& schema, int number,
                         const std::vector<PostgresTypeCase>& types)
    : name_(schema + "." + any_name(chance, "t", number)),
      leaf_prefix_(fmt::format("{}.part_{}_", schema, number)) {
    static constexpr std::array keys = {Key::id,   Key::id_and_value, Key::value,       Key::index,
                                        Key::none, Key::none,         Key::id_and_full, Key::two};
    key_ = any(chance, keys);
    const int columns = chance.between(1, 5);
    for (int i = 0; i < columns; ++i)
        values_.push_back({any_name(chance, "v", i), &any(chance, types), true});
    // An index takes an array of what has no order; only two rows in it are refused.
    const bool has_no_equal = values_.front().type->type == "box[]";
    if (has_no_equal && (key_ == Key::id_and_value || key_ == Key::value)) key_ = Key::id;
    const bool is_in_key = key_ == Key::id_and_value || key_ == Key::value;
    if (is_in_key) values_.front().can_be_null = false;
    is_partitioned_ =
        key_ != Key::value && key_ != Key::index && key_ != Key::two && chance.one_in(4);
    define(chance);
}

void RandomTable::define(Chance& chance) {
    is_always_identity_ = !is_partitioned_ && chance.one_in(5);
    std::string sql = fmt::format("CREATE TABLE {} (id int NOT NULL{}", name_,
                                  is_always_identity_ ? " GENERATED ALWAYS AS IDENTITY" : "");
    if (chance.one_in(3)) sql += ", twice int GENERATED ALWAYS AS (n * 2) STORED";
    sql += ", n int DEFAULT 7";
    for (const auto& column : values_) {
        sql += fmt::format(", {} {}{}", column.name, column.type->type,
                           column.can_be_null ? "" : " NOT NULL");
    }
    const auto& first = values_.front().name;
    if (key_ == Key::id || key_ == Key::id_and_full || key_ == Key::two)
        sql += ", PRIMARY KEY (id)";
    if (key_ == Key::two) sql += ", UNIQUE (n)";
    if (key_ == Key::id_and_value) sql += fmt::format(", PRIMARY KEY ({}, id)", first);
    if (key_ == Key::value) sql += fmt::format(", PRIMARY KEY ({})", first);
    sql += ")";
    std::vector<std::string> tables = {name_};
    if (is_partitioned_) {
        const bool by_range = chance.one_in(2);
        sql += by_range ? " PARTITION BY RANGE (id);" : " PARTITION BY HASH (id);";
        const std::array bounds = by_range ? std::array{"FOR VALUES FROM (MINVALUE) TO (15)",
                                                        "FOR VALUES FROM (15) TO (30)", "DEFAULT"}
                                           : std::array{"FOR VALUES WITH (MODULUS 3, REMAINDER 0)",
                                                        "FOR VALUES WITH (MODULUS 3, REMAINDER 1)",
                                                        "FOR VALUES WITH (MODULUS 3, REMAINDER 2)"};
        for (const char* bound : bounds) {
            tables.push_back(fmt::format("{}{}", leaf_prefix_, tables.size()));
            sql += fmt::format("CREATE TABLE {} PARTITION OF {} {};", tables.back(), name_, bound);
        }
    } else {
        sql += ";";
    }
    if (key_ == Key::none || key_ == Key::id_and_full) {
        for (const auto& table : tables)
            sql += fmt::format("ALTER TABLE {} REPLICA IDENTITY FULL;", table);
    }
    if (key_ == Key::index) {
        const auto index = "identity_of_" + leaf_prefix_.substr(leaf_prefix_.rfind("part_"));
        sql += fmt::format(
            "CREATE UNIQUE INDEX {0} ON {1} (id); ALTER TABLE {1} REPLICA IDENTITY USING INDEX "
            "{0};",
            index, name_);
    }
    definition_ = std::move(sql);
}

std::string RandomTable::value(Chance& chance, const ValueColumn& column) const {
    if (column.can_be_null && chance.one_in(4)) return "NULL";
    return any(chance, column.type->values);
}

std::string RandomTable::row(Chance& chance, int id) const {
    std::string text = fmt::format(
        "({}, {}", id, chance.one_in(6) ? "NULL" : std::to_string(chance.between(1, 1000)));
    for (const auto& column : values_) text += ", " + value(chance, column);
    return text + ")";
}

std::string RandomTable::insert_into() const {
    std::string text = fmt::format("INSERT INTO {} (id, n", name_);
    for (const auto& column : values_) text += ", " + column.name;
    return text + (is_always_identity_ ? ") OVERRIDING SYSTEM VALUE " : ") ");
}

/// Of rows that are alike one, or all.
std::string RandomTable::where_id(Chance& chance, int id) const {
    if (is_partitioned_ || chance.one_in(2)) return fmt::format(" WHERE id = {}", id);
    return fmt::format(" WHERE ctid = (SELECT min(ctid) FROM {} WHERE id = {})", name_, id);
}

std::vector<std::string> RandomTable::change(Chance& chance) const {
    const int id = chance.between(1, ids);
    const auto& column = any(chance, values_);
    const auto update = [&](const std::string& what) {
        return fmt::format("UPDATE {} SET {}{}", name_, what, where_id(chance, id));
    };
    switch (chance.between(1, 12)) {
        case 1:
            return {update(fmt::format("{} = {}", column.name, value(chance, column)))};
        case 2: {  // all of them
            std::string what = fmt::format("n = {}", chance.between(1, 1000));
            for (const auto& each : values_)
                what += fmt::format(", {} = {}", each.name, value(chance, each));
            return {update(what)};
        }
        case 3:  // the long values that stand outside of their row are not sent
            return {update("n = n + 1")};
        case 4:
            if (is_always_identity_) return {update("n = NULL")};
            return {update(fmt::format("id = {}", chance.between(1, ids)))};
        case 5:
            return {fmt::format("DELETE FROM {}{}", name_, where_id(chance, id))};
        case 6:
            return {fmt::format("DELETE FROM {} WHERE id BETWEEN {} AND {}", name_, id, id + 4)};
        case 7:  // gone and back
            return {fmt::format("DELETE FROM {} WHERE id = {}", name_, id),
                    fmt::format("{}VALUES {}", insert_into(), row(chance, id))};
        case 8:  // nothing changes
            return {fmt::format("UPDATE {0} SET n = n WHERE id > {1}", name_, id)};
        default: {
            std::string rows = row(chance, id);
            for (int more = chance.between(0, 4); more > 0; --more)
                rows += ", " + row(chance, chance.between(1, ids));
            return {fmt::format("{}VALUES {} ON CONFLICT DO NOTHING", insert_into(), rows)};
        }
    }
}

std::string RandomTable::large_insert(Chance& chance) const {
    const int first = 1000 * chance.between(1, 50);
    std::string values;
    for (const auto& column : values_) values += ", " + value(chance, column);
    return fmt::format("{}SELECT i, i{} FROM generate_series({}, {}) i ON CONFLICT DO NOTHING",
                       insert_into(), values, first, first + chance.between(500, 3000));
}

}  // namespace dts::test
