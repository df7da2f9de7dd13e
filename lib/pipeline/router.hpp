// Where a source table goes in the target: other names for schemas, tables and columns. tb_map
// beats db_map; what neither names keeps its name. Two source tables may go to one target table:
// that is the user's choice, and their keys must not meet. Immutable; any thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/pipeline/column_rules.hpp"

namespace dts {

/// The settings of [router] as written.
struct RouterRules {
    std::string db_map, tb_map, col_map;
    char quote = '`';  ///< around names that are taken literally
};

struct Route {
    std::string schema;
    std::string table;
    std::vector<std::pair<std::string, std::string>> columns;  ///< source, target; renamed ones

    /// The target's name of a source column. Names compare without case, as MySQL's do. The view
    /// lives as long as the route and the argument.
    std::string_view column(std::string_view source) const noexcept;
};

class Router {
  public:
    /// Throws Error{config} with the key and the item that is wrong: a wildcard, two targets for
    /// one source.
    explicit Router(const RouterRules& rules);

    /// The route of a source table: ask once per table and keep it.
    Route route(std::string_view schema, std::string_view table) const;

    /// Does db_map or tb_map have a source schema or table of this name?
    bool routes(std::string_view name) const;

    /// Is another source table than this one written to its target? `selects`: the tables that are
    /// synced at all.
    bool is_target_shared(
        std::string_view schema, std::string_view table,
        const std::function<bool(std::string_view schema, std::string_view table)>& selects) const;
    /// May a table of another source schema than this one be written to the schema that this one
    /// is written to? `selects_any_of`: the schemas of which anything is synced.
    bool is_target_schema_shared(
        std::string_view schema,
        const std::function<bool(std::string_view schema)>& selects_any_of) const;

    /// Does tb_map have a table of this source schema?
    bool maps_tables_of(std::string_view schema) const;

  private:
    using TableNames = std::pair<std::string, std::string>;

    std::map<std::string, std::string, std::less<>> schemas_;
    std::map<TableNames, TableNames> tables_;
    std::vector<ColumnMap> columns_;
};

}  // namespace dts
