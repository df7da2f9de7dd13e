#include "lib/pipeline/router.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "lib/base/error.hpp"
#include "lib/pipeline/name_list.hpp"

namespace dts {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_column(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

Error fault(std::string_view key, const NameItem& item, std::string_view what,
            std::string hint = {}) {
    return {ErrorKind::config, fmt::format("{}: the item \"{}\" {}", key, item.text, what),
            std::move(hint)};
}

std::vector<NameItem> parse_map(std::string_view list, std::string_view shape, std::string_view key,
                                char quote) {
    auto items = parse_name_list(list, shape, key, quote);
    for (const auto& item : items)
        for (const auto& name : item.names)
            if (!name.is_literal())
                throw fault(key, item, "has a wildcard, they do not work here",
                            "a name with * or ? in it goes in quotes");
    return items;
}

}  // namespace

std::string_view Route::column(std::string_view source) const noexcept {
    for (const auto& [from, to] : columns)
        if (same_column(from, source)) return to;
    return source;
}

Router::Router(const RouterRules& rules)
    : columns_(parse_column_maps(rules.col_map, "col_map", "[router] col_map")) {
    constexpr std::string_view db_key = "[router] db_map";
    for (const auto& item : parse_map(rules.db_map, "db:db", db_key, rules.quote)) {
        const auto& names = item.names;
        if (!schemas_.emplace(names[0].text(), names[1].text()).second)
            throw fault(db_key, item, "maps what is mapped already");
    }
    constexpr std::string_view table_key = "[router] tb_map";
    for (const auto& item : parse_map(rules.tb_map, "db.tb:db.tb", table_key, rules.quote)) {
        const auto& names = item.names;
        const TableNames source(names[0].text(), names[1].text());
        if (!tables_.emplace(source, TableNames(names[2].text(), names[3].text())).second)
            throw fault(table_key, item, "maps what is mapped already");
    }
}

Route Router::route(std::string_view schema, std::string_view table) const {
    Route route{std::string(schema), std::string(table), {}};
    const auto columns = std::ranges::find_if(
        columns_, [&](const ColumnMap& map) { return map.schema == schema && map.table == table; });
    if (columns != columns_.end()) route.columns = columns->columns;

    if (const auto mapped = tables_.find({route.schema, route.table}); mapped != tables_.end())
        std::tie(route.schema, route.table) = mapped->second;
    else if (const auto schema_map = schemas_.find(schema); schema_map != schemas_.end())
        route.schema = schema_map->second;
    return route;
}

bool Router::routes(std::string_view name) const {
    return schemas_.contains(name) ||
           std::ranges::any_of(tables_, [&](const auto& map) { return map.first.second == name; });
}

/// Sources are literal names, so these are all that can lead there.
bool Router::is_target_shared(
    std::string_view schema, std::string_view table,
    const std::function<bool(std::string_view, std::string_view)>& selects) const {
    const Route target = route(schema, table);
    const auto leads_there = [&](std::string_view from_schema, std::string_view from_table) {
        if (from_schema == schema && from_table == table) return false;
        const Route to = route(from_schema, from_table);
        return to.schema == target.schema && to.table == target.table &&
               selects(from_schema, from_table);
    };
    return leads_there(target.schema, target.table) ||
           std::ranges::any_of(
               tables_,
               [&](const auto& map) { return leads_there(map.first.first, map.first.second); }) ||
           std::ranges::any_of(
               schemas_, [&](const auto& map) { return leads_there(map.first, target.table); });
}

bool Router::is_target_schema_shared(
    std::string_view schema, const std::function<bool(std::string_view)>& selects_any_of) const {
    const std::string target = route(schema, "").schema;
    const auto leads_there = [&](std::string_view from, std::string_view to) {
        return from != schema && to == target && selects_any_of(from);
    };
    return leads_there(target, route(target, "").schema) ||
           std::ranges::any_of(
               schemas_, [&](const auto& map) { return leads_there(map.first, map.second); }) ||
           std::ranges::any_of(tables_, [&](const auto& map) {
               return leads_there(map.first.first, map.second.first);
           });
}

bool Router::maps_tables_of(std::string_view schema) const {
    return std::ranges::any_of(tables_, [&](const auto& map) { return map.first.first == schema; });
}

}  // namespace dts
