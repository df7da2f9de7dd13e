// What a statement in the binlog (QUERY event) does to the stream of rows. It is looked at, not
// parsed: where in doubt, a statement counts as touching a table.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace dts {

enum class StatementKind : std::uint8_t {
    nothing,  ///< a comment alone
    begin,
    commit,
    rollback,
    savepoint,
    rollback_to_savepoint,
    xa_start,
    xa_end,
    xa_prepare,
    xa_commit,
    xa_rollback,
    row_change,  ///< INSERT, UPDATE, ...: statement-based replication
    definition,  ///< everything else: DDL, grants, ...
};

StatementKind classify(std::string_view sql);

/// The name in "SAVEPOINT `a`" and "ROLLBACK TO `a`".
std::string savepoint_name(std::string_view sql);

/// Whether a row_change statement may change a table that `is_subscribed`. Asked of every name that
/// stands where the statement names its targets: `a`.`b`, and each name alone with the default
/// schema.
bool may_change(std::string_view sql, std::string_view default_schema,
                const std::function<bool(std::string_view, std::string_view)>& is_subscribed);

/// Whether the text of a definition may concern a table of that name. Ask may_hide_names() first.
bool may_concern(std::string_view sql, std::string_view table);

/// Whether a statement may name a table otherwise than as the table's name is known here: in
/// another character set, or inside a comment that the server executes.
bool may_hide_names(std::string_view sql);

/// Whether a row_change statement says which tables it changes. SELECT, DO, CALL and WITH may
/// change any, through a function.
bool names_its_targets(std::string_view sql);

}  // namespace dts
