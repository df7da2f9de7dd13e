#include "test/servers/compare_tables.hpp"

#include <fmt/format.h>

#include <set>
#include <unordered_map>

namespace dts::test {

namespace {

constexpr std::size_t shown_differences = 5;

struct Name {
    std::string schema, table;
    std::string sql() const { return quote_identifier(schema) + "." + quote_identifier(table); }
};

Name parse(const std::string& text) {
    const auto dot = text.find('.');
    return {text.substr(0, dot), text.substr(dot + 1)};
}

std::vector<std::string> columns_of(MysqlConnection& connection, const Name& name) {
    auto result = connection.query(fmt::format(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = {} AND "
        "table_name = {} ORDER BY ordinal_position",
        quote_literal(name.schema), quote_literal(name.table)));
    std::vector<std::string> columns;
    while (const auto row = result.next()) columns.push_back(row->text(0));
    return columns;
}

std::string select_of(const Name& name, const std::vector<std::string>& columns,
                      const std::map<std::string, std::string>& expressions) {
    std::vector<std::string> items;
    for (const auto& column : columns) {
        const auto found = expressions.find(column);
        items.push_back(found == expressions.end() ? quote_identifier(column) : found->second);
    }
    return fmt::format("SELECT {} FROM {}", fmt::join(items, ", "), name.sql());
}

/// Feeds each row to `take`, as one string: per column a length (or NULL) and the bytes. Rows are
/// not kept in memory.
void stream(MysqlConnection& connection, const std::string& sql,
            const std::function<void(std::string&&)>& take) {
    connection.execute("SET time_zone = '+00:00'");
    MYSQL* handle = connection.handle();
    if (mysql_real_query(handle, sql.data(), sql.size()) != 0) {
        throw connection.error("in " + sql.substr(0, 300));
    }
    struct Free {
        void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
    };
    const std::unique_ptr<MYSQL_RES, Free> result(mysql_use_result(handle));
    const unsigned columns = mysql_num_fields(result.get());
    while (MYSQL_ROW row = mysql_fetch_row(result.get())) {
        const unsigned long* lengths = mysql_fetch_lengths(result.get());
        std::string text;
        for (unsigned i = 0; i < columns; ++i) {
            if (row[i] == nullptr) {
                text += "N|";
            } else {
                text.append(std::to_string(lengths[i])).append("|").append(row[i], lengths[i]);
            }
        }
        take(std::move(text));
    }
    if (mysql_errno(handle) != 0) throw connection.error("reading the rows of " + sql);
}

/// Order does not matter to it: the sum of a hash of each row, and their number.
struct Digest {
    std::uint64_t rows = 0, sum = 0;
    bool operator==(const Digest&) const = default;
};

Digest digest_of(MysqlConnection& connection, const std::string& sql) {
    Digest digest;
    stream(connection, sql, [&](std::string&& row) {
        ++digest.rows;
        // A second hash of the first one: equal sums of different rows stay as unlikely as chance.
        std::uint64_t hash = std::hash<std::string>()(row) + 0x9e3779b97f4a7c15ULL;
        hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ULL;
        hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebULL;
        digest.sum += hash ^ (hash >> 31);
    });
    return digest;
}

std::string printable(const std::string& row) {
    std::string text;
    for (const char c : row.substr(0, 600)) {
        if (c >= ' ' && c != '\x7f') {
            text += c;
        } else {
            text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
    return text;
}

std::string differences(MysqlConnection& left, const std::string& left_sql, MysqlConnection& right,
                        const std::string& right_sql) {
    std::unordered_map<std::string, std::int64_t> surplus;
    stream(left, left_sql, [&](std::string&& row) { ++surplus[std::move(row)]; });
    stream(right, right_sql, [&](std::string&& row) {
        const auto at = surplus.try_emplace(std::move(row)).first;
        if (--at->second == 0) surplus.erase(at);
    });
    std::string text;
    std::size_t shown = 0;
    for (const auto& [row, count] : surplus) {
        if (++shown > shown_differences) break;
        text += fmt::format("  {} times more on the {}: {}\n", std::abs(count),
                            count > 0 ? "left" : "right", printable(row));
    }
    return fmt::format("{} rows differ, among them\n{}", surplus.size(), text);
}

std::set<std::string> tables_of(MysqlConnection& connection, const std::string& database) {
    auto result = connection.query(
        fmt::format("SELECT table_name FROM information_schema.tables WHERE table_schema = {} AND "
                    "table_type = 'BASE TABLE'",
                    quote_literal(database)));
    std::set<std::string> tables;
    while (const auto row = result.next()) tables.insert(row->text(0));
    return tables;
}

}  // namespace

std::string compare_tables(MysqlConnection& left, MysqlConnection& right, const std::string& table,
                           const CompareOptions& options) {
    const Name left_name = parse(table);
    const Name right_name = options.right_table.empty() ? left_name : parse(options.right_table);
    const auto columns = columns_of(left, left_name);
    if (columns.empty()) return table + " is not on the left\n";
    if (columns_of(right, right_name).empty()) return table + " is not on the right\n";
    const auto left_sql = select_of(left_name, columns, options.left_expressions);
    const auto right_sql = select_of(right_name, columns, options.right_expressions);
    const Digest on_left = digest_of(left, left_sql);
    const Digest on_right = digest_of(right, right_sql);
    if (on_left == on_right) return {};
    return fmt::format("{}: {} rows on the left, {} on the right; {}", table, on_left.rows,
                       on_right.rows, differences(left, left_sql, right, right_sql));
}

std::string compare_databases(MysqlConnection& left, MysqlConnection& right,
                              const std::string& database) {
    auto tables = tables_of(left, database);
    tables.merge(tables_of(right, database));
    if (tables.empty()) return database + " has no tables on either side\n";
    std::string text;
    for (const auto& table : tables) {
        text += compare_tables(left, right, database + "." + table);
    }
    return text;
}

}  // namespace dts::test
