#include "lib/task/definition_rules.hpp"

#include <algorithm>
#include <memory>

#include "lib/pipeline/router.hpp"
#include "lib/task/factory.hpp"

namespace dts {

void follow_definitions(const TaskConfig& config, const Filter& filter,
                        PostgresCdcOptions& options) {
    const auto& name = config.extractor.postgres_cdc.definition_table;
    if (!name) return;
    options.definition_table = {name->schema, name->table};
    const auto router = std::make_shared<const Router>(router_rules(config));
    DefinitionRules& rules = options.definitions;
    // The target's own positions are nothing of the source's.
    rules.selects = [&filter, router, position = config.resumer.position_table](
                        std::string_view schema, std::string_view table) {
        if (!filter.selects(schema, table)) return false;
        const Route route = router->route(schema, table);
        return route.schema != position.schema || route.table != position.table;
    };
    rules.applies = [kinds = config.filter.definitions](std::string_view kind) {
        return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
    };
    rules.route = [router](std::string_view schema, std::string_view table) {
        Route route = router->route(schema, table);
        return std::pair(std::move(route.schema), std::move(route.table));
    };
    rules.is_routed = [router](std::string_view word) { return router->routes(word); };
    rules.shares_target = [&filter, router](std::string_view schema, std::string_view table) {
        if (table.empty())
            return router->is_target_schema_shared(
                schema, [&](std::string_view other) { return filter.selects_any_of(other); });
        return router->is_target_shared(schema, table, [&](auto other_schema, auto other_table) {
            return filter.selects(other_schema, other_table);
        });
    };
    rules.has_column_rules = [&filter, router](std::string_view schema, std::string_view table) {
        return !filter.ignored_columns(schema, table).empty() ||
               !router->route(schema, table).columns.empty();
    };
    rules.takes_indexes_of = [&filter, router,
                              shares = rules.shares_target](std::string_view schema) {
        return filter.selects_all_of(schema) && !router->maps_tables_of(schema) &&
               !shares(schema, "");
    };
    rules.selects_part_of = [&filter](std::string_view schema) {
        return filter.selects_any_of(schema) && !filter.selects(schema, "");
    };
}

}  // namespace dts
