// Which tables, kinds of change and columns a task syncs. Whatever is not named in do_* is not
// synced, and ignore_* beats do_*. Immutable; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/change/change_batch.hpp"
#include "lib/pipeline/column_rules.hpp"
#include "lib/pipeline/name_list.hpp"

namespace dts {

/// The settings of [filter] as written.
struct FilterRules {
    std::string do_dbs, ignore_dbs, do_tbs, ignore_tbs;
    std::string do_events = "*";
    std::string ignore_cols;
    char quote = '`';  ///< around names that are taken literally; '\0': none (parse_name_list)
};

class Filter {
  public:
    /// Throws Error{config} with the key and the item that is wrong.
    explicit Filter(const FilterRules& rules);

    /// Walks all rules: ask once per table and keep the answer. MySQL's own schemas (mysql, sys,
    /// information_schema, performance_schema) are selected only by their name, never by a
    /// wildcard.
    bool selects(std::string_view schema, std::string_view table) const;
    /// Every table of the schema, whatever it is called?
    bool selects_all_of(std::string_view schema) const;
    /// Some table of the schema, perhaps?
    bool selects_any_of(std::string_view schema) const;

    bool event(ChangeKind kind) const noexcept {
        return (events_ >> static_cast<unsigned>(kind) & 1U) != 0;
    }

    /// The columns of a source table that are not synced; empty for most. The reference lives as
    /// long as the filter.
    const std::vector<std::string>& ignored_columns(std::string_view schema,
                                                    std::string_view table) const noexcept;

    /// The one schema, or one table, that all selected tables are in; empty where there is none.
    struct Scope {
        std::string schema;
        std::string table;
    };
    Scope scope() const;

    /// Nothing stands in do_dbs and do_tbs: the task should say so.
    bool selects_nothing() const noexcept { return do_.empty(); }

  private:
    bool has_system_schemas_;  ///< MongoDB's databases may be called as they like
    struct Rule {
        NamePattern schema;
        NamePattern table;
        bool matches(std::string_view schema_name, std::string_view table_name) const {
            return schema.matches(schema_name) && table.matches(table_name);
        }
        bool has_all_tables() const { return !table.is_literal() && table.text() == "*"; }
    };
    bool is_for_schema(const Rule& do_rule, std::string_view schema) const;
    static std::vector<Rule> parse_rules(std::string_view schemas, std::string_view schemas_key,
                                         std::string_view tables, std::string_view tables_key,
                                         char quote);

    std::vector<Rule> do_;
    std::vector<Rule> ignore_;
    std::vector<ColumnList> ignored_columns_;
    unsigned events_;  ///< a bit for each ChangeKind
};

}  // namespace dts
