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
    rules.selects = [&filter](std::string_view schema, std::string_view table) {
        return filter.selects(schema, table);
    };
    rules.applies = [kinds = config.filter.definitions](std::string_view kind) {
        return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
    };
    rules.route = [router](std::string_view schema, std::string_view table) {
        Route route = router->route(schema, table);
        return std::pair(std::move(route.schema), std::move(route.table));
    };
    rules.is_routed = [router](std::string_view word) { return router->routes(word); };
}

}  // namespace dts
