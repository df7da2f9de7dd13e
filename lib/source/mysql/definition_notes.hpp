// What the log should say of definition statements: they are not applied to the target, and a
// target that differs from the source stops the task sooner or later. Said once per table and verb.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace dts {

/// A definition statement of tables, as far as its text tells.
struct TableStatement {
    struct Target {
        std::string schema;
        std::string table;
    };
    std::string verb;  ///< "CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE"; "" for any other
    std::vector<Target> targets;
};

/// CREATE, ALTER, DROP, RENAME and TRUNCATE of tables that are not temporary, and of their indexes.
TableStatement parse_table_statement(std::string_view sql, std::string_view default_schema);

/// One thread.
class DefinitionNotes {
  public:
    using Selector = std::function<bool(std::string_view schema, std::string_view table)>;

    /// The notes of a statement that were not made before: one for each subscribed table. A
    /// statement's text may hold a password (CONNECTION='...'): it is left out then.
    std::vector<std::string> of(std::string_view sql, std::string_view default_schema,
                                const Selector& is_subscribed);

  private:
    std::set<std::string> made_;
};

}  // namespace dts
