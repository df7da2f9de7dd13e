// The source's definition statements, as an event trigger there notes them in a table (README, "DDL
// between two Postgres"), one row each, in the transaction of the statement:
//
//   event text     ddl_command_end, or sql_drop for DROP
//   tag text       the command tag: ALTER TABLE
//   query text     what the client sent; may hold other statements
//   context text   PL/pgSQL's PG_CONTEXT: whether a function executed it
//   objects jsonb  [{"type": "table", "schema": "s", "name": "t"}, ...]: the tables it is about (of
//                  an index: its table; a partition also with "root_schema", "root"), schemas, and,
//                  dropped, indexes
//   settings jsonb {"search_path": "...", ...} of the session
//   statement_at timestamptz  when the client's message came
//
// Decides which are applied to the target, and in which words; of the others the log is told. DROPs
// are written anew from the names, and nothing cascades. One thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/change/definition.hpp"
#include "lib/change/table_schema.hpp"
#include "lib/change/value.hpp"
#include "lib/source/source.hpp"

namespace dts {

/// What the settings say of definition statements.
struct DefinitionRules {
    TableSelector selects;  ///< a schema as a whole: with "" for the table
    /// Is this kind applied? "alter_table", ..., as [filter] do_ddls calls them.
    std::function<bool(std::string_view kind)> applies;
    /// Where a table goes in the target; with "" for the table, a schema.
    std::function<std::pair<std::string, std::string>(std::string_view schema,
                                                      std::string_view table)>
        route;
    /// Does a schema or table of this name have another one in the target?
    std::function<bool(std::string_view name)> is_routed;
    /// Is another source table written to its target, too? With "" for the table: of another
    /// schema, to the target schema.
    TableSelector shares_target;
    /// Are some of its columns not written, or under another name?
    TableSelector has_column_rules;
    /// Are the schema's indexes, of whatever table, all in the schema that it is written to, and
    /// no others?
    std::function<bool(std::string_view schema)> takes_indexes_of;
    /// Does it select single tables of the schema, which others might be partitions of?
    std::function<bool(std::string_view schema)> selects_part_of;
};

/// One row of the table. Views into it.
struct DefinitionRow {
    std::string_view event, tag, query, context, objects, settings, statement_at;

    static const std::vector<std::string>& columns();
    /// Throws Error{data} naming the column that it lacks.
    static DefinitionRow from(const TableSchema& table, const Value* values);
};

class DefinitionLog {
  public:
    explicit DefinitionLog(DefinitionRules rules) : rules_(std::move(rules)) {}

    struct Verdict {
        DefinitionPtr definition;        ///< to be applied; nullptr: not
        std::vector<std::string> notes;  ///< why not, where somebody should know
    };
    /// Throws Error{data} for a row that makes no sense.
    Verdict read(const DefinitionRow& row);

  private:
    struct Object;
    Verdict read_drop(const DefinitionRow& row, const std::vector<Object>& objects) const;
    Verdict read_schema(const DefinitionRow& row, const std::vector<Object>& objects) const;
    Verdict read_statement(const DefinitionRow& row, const std::vector<Object>& objects,
                           std::optional<std::string_view> text) const;
    std::size_t count(const DefinitionRow& row);
    bool is_selected(const Object& object) const;
    const char* why_not_dropped(const Object& object) const;

    DefinitionRules rules_;
    std::string last_statement_at_;
    std::map<std::string, std::size_t, std::less<>>
        seen_;  ///< of one message of the client, by tag
};

}  // namespace dts
