#include "lib/pipeline/filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "lib/base/error.hpp"

namespace dts {
namespace {

constexpr unsigned bit_of(ChangeKind kind) {
    return 1U << static_cast<unsigned>(kind);
}

unsigned parse_events(std::string_view text) {
    constexpr std::string_view key = "[filter] do_events";
    constexpr std::pair<std::string_view, unsigned> events[] = {
        {"*", bit_of(ChangeKind::insert) | bit_of(ChangeKind::update) | bit_of(ChangeKind::remove)},
        {"insert", bit_of(ChangeKind::insert)},
        {"update", bit_of(ChangeKind::update)},
        {"delete", bit_of(ChangeKind::remove)},
    };
    unsigned bits = 0;
    for (const auto& item : parse_name_list(text, "event", key)) {
        const auto found = std::ranges::find_if(
            events, [&](const auto& event) { return event.first == item.names.front().text(); });
        if (found == std::end(events))
            throw Error(ErrorKind::config,
                        fmt::format("{}: the item \"{}\" is not insert, update, delete or *", key,
                                    item.text));
        bits |= found->second;
    }
    return bits;
}

bool is_system_schema(std::string_view schema) {
    constexpr std::array<std::string_view, 6> system_schemas = {
        "mysql", "sys", "information_schema", "performance_schema", "pg_catalog", "pg_toast"};
    return std::ranges::find(system_schemas, schema) != system_schemas.end();
}

}  // namespace

Filter::Filter(const FilterRules& rules)
    : has_system_schemas_(rules.quote != '\0'),
      do_(parse_rules(rules.do_dbs, "[filter] do_dbs", rules.do_tbs, "[filter] do_tbs",
                      rules.quote)),
      ignore_(parse_rules(rules.ignore_dbs, "[filter] ignore_dbs", rules.ignore_tbs,
                          "[filter] ignore_tbs", rules.quote)),
      ignored_columns_(
          parse_column_lists(rules.ignore_cols, "ignore_cols", "[filter] ignore_cols")),
      events_(parse_events(rules.do_events)) {}

std::vector<Filter::Rule> Filter::parse_rules(std::string_view schemas,
                                              std::string_view schemas_key, std::string_view tables,
                                              std::string_view tables_key, char quote) {
    std::vector<Rule> rules;
    for (auto& item : parse_name_list(schemas, "db", schemas_key, quote))
        rules.push_back({std::move(item.names[0]), NamePattern("*", false)});
    for (auto& item : parse_name_list(tables, "db.tb", tables_key, quote))
        rules.push_back({std::move(item.names[0]), std::move(item.names[1])});
    return rules;
}

bool Filter::is_for_schema(const Rule& do_rule, std::string_view schema) const {
    const bool by_name_only = has_system_schemas_ && is_system_schema(schema);
    return (do_rule.schema.is_literal() || !by_name_only) && do_rule.schema.matches(schema);
}

bool Filter::selects(std::string_view schema, std::string_view table) const {
    const bool is_named = std::ranges::any_of(do_, [&](const Rule& rule) {
        return is_for_schema(rule, schema) && rule.table.matches(table);
    });
    return is_named && std::ranges::none_of(
                           ignore_, [&](const Rule& rule) { return rule.matches(schema, table); });
}

bool Filter::selects_all_of(std::string_view schema) const {
    return std::ranges::any_of(do_,
                               [&](const Rule& rule) {
                                   return is_for_schema(rule, schema) && rule.has_all_tables();
                               }) &&
           std::ranges::none_of(ignore_,
                                [&](const Rule& rule) { return rule.schema.matches(schema); });
}

bool Filter::selects_any_of(std::string_view schema) const {
    return std::ranges::any_of(do_,
                               [&](const Rule& rule) { return is_for_schema(rule, schema); }) &&
           std::ranges::none_of(ignore_, [&](const Rule& rule) {
               return rule.schema.matches(schema) && rule.has_all_tables();
           });
}

Filter::Scope Filter::scope() const {
    if (do_.empty()) return {};
    const Rule& first = do_.front();
    const auto same = [&](const Rule& rule) {
        return rule.schema.is_literal() && rule.schema.text() == first.schema.text();
    };
    if (!std::ranges::all_of(do_, same)) return {};
    const bool is_one_table = do_.size() == 1 && first.table.is_literal();
    return {first.schema.text(), is_one_table ? first.table.text() : std::string()};
}

const std::vector<std::string>& Filter::ignored_columns(std::string_view schema,
                                                        std::string_view table) const noexcept {
    static const std::vector<std::string> none;
    for (const auto& rule : ignored_columns_)
        if (rule.schema == schema && rule.table == table) return rule.columns;
    return none;
}

}  // namespace dts
