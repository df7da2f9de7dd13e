#include <fmt/format.h>

#include <set>

#include "test/servers/compare_tables.hpp"

namespace dts::test {

namespace {

constexpr std::size_t shown_differences = 5;

std::set<std::string> tables_of(PostgresConnection& connection, const std::string& schema) {
    const auto result = connection.query(fmt::format(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid=c.relnamespace WHERE "
        "n.nspname={} AND c.relkind IN ('r', 'p') AND NOT c.relispartition",
        postgres::quote_literal(schema)));
    std::set<std::string> tables;
    for (std::size_t i = 0; i < result.size(); ++i) tables.insert(result.text(i, 0));
    return tables;
}

/// The rows as texts, each with its number: order and doubles count, wherever the rows stand.
std::string differences(PostgresConnection& left, PostgresConnection& right,
                        const std::string& table) {
    const auto sql = fmt::format(
        "SELECT t::text COLLATE \"C\", count(*) FROM {} t GROUP BY 1 ORDER BY 1", table);
    std::multiset<std::string> on_left, on_right;
    const auto take = [&](PostgresConnection& connection, std::multiset<std::string>& rows) {
        const auto result = connection.query(sql);
        for (std::size_t i = 0; i < result.size(); ++i)
            rows.insert(result.text(i, 0) + " x" + result.text(i, 1));
    };
    take(left, on_left);
    take(right, on_right);
    std::string text;
    std::size_t shown = 0;
    const auto show = [&](const auto& rows, const auto& others, const char* side) {
        for (const auto& row : rows) {
            if (others.contains(row) || ++shown > shown_differences) continue;
            text += fmt::format("  only on the {}: {}\n", side, row.substr(0, 600));
        }
    };
    show(on_left, on_right, "left");
    show(on_right, on_left, "right");
    return fmt::format("{}: {} rows on the left, {} on the right\n{}", table, on_left.size(),
                       on_right.size(), text);
}

}  // namespace

std::string compare_schemas(PostgresConnection& left, PostgresConnection& right,
                            const std::string& schema) {
    auto tables = tables_of(left, schema);
    tables.merge(tables_of(right, schema));
    if (tables.empty()) return schema + " has no tables on either side\n";
    std::string text;
    for (const auto& table : tables) {
        const auto name = postgres::quote_table(schema, table);
        const auto digest = fmt::format(
            "SELECT count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) "
            "FROM "
            "{} t",
            name);
        try {
            if (left.scalar(digest) == right.scalar(digest)) continue;
            text += differences(left, right, name);
        } catch (const Error& error) {
            text += fmt::format("{}: {}\n", name, error.what());
        }
    }
    return text;
}

}  // namespace dts::test
