// What the tests of tables share: a catalog without a server, and the bodies of TABLE_MAP and rows
// events made byte by byte.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lib/source/mysql/table_catalog.hpp"

namespace dts::test {

inline Bytes view_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

/// "0aff" to the two bytes.
inline std::string from_hex(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    return bytes;
}

inline std::string number(std::uint64_t value, std::size_t bytes) {
    std::string result;
    for (std::size_t i = 0; i < bytes; ++i) result += static_cast<char>(value >> (8 * i));
    return result;
}

class MemoryCatalog final : public TableCatalog {
  public:
    std::map<std::string, TableDefinition> tables;  ///< by name
    bool mariadb = true;
    int asked = 0;

    std::optional<TableDefinition> find(std::string_view, std::string_view table) override {
        ++asked;
        const auto found = tables.find(std::string(table));
        if (found == tables.end()) return std::nullopt;
        return found->second;
    }
    std::string charset_of(std::uint32_t collation) override {
        return collation == 8 ? "latin1" : "utf8mb4";
    }
    std::string to_utf8(std::string_view text, std::string_view) override {
        return std::string(text);
    }
    bool is_mariadb() override { return mariadb; }
};

/// A table of columns INT, the first of them the primary key.
inline TableDefinition int_table(const std::string& table, const std::vector<std::string>& names) {
    TableDefinition definition;
    definition.schema.schema = "d";
    definition.schema.table = table;
    for (const auto& name : names) {
        Column column;
        column.name = name;
        column.type = ColumnType::int32;
        definition.schema.columns.push_back(column);
        definition.data_types.push_back("int");
        definition.octets.push_back(0);
    }
    definition.schema.columns[0].nullable = false;
    definition.schema.unique_keys = {{"PRIMARY", {0}, false, false}};
    definition.schema.has_primary_key = true;
    return definition;
}

/// The body of the TABLE_MAP of a table of columns INT, the first of them NOT NULL. With names the
/// metadata is FULL, and the primary key the columns `key`.
inline std::string int_table_map(std::uint64_t id, const std::string& table, std::size_t count,
                                 const std::vector<std::string>& names = {},
                                 const std::string& key = {}) {
    std::string body = number(id, 6) + number(1, 2) + '\1' + 'd' + '\0' + number(table.size(), 1) +
                       table + '\0' + number(count, 1) + std::string(count, '\3') + '\0' +
                       number((1u << count) - 2, 1) + '\1' + '\1' + '\0';
    if (names.empty()) return body;
    std::string list;
    for (const auto& name : names) list += number(name.size(), 1) + name;
    body += '\4' + number(list.size(), 1) + list;
    if (!key.empty()) body += '\x08' + number(key.size(), 1) + key;
    return body;
}

}  // namespace dts::test
