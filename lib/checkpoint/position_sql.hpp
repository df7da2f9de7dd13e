// What the position table needs of a database beyond plain SQL: quoting, its own DDL, and a lock by
// name that lives as long as its connection. One implementation for each kind of target.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dts {

/// Where the position table stands.
struct PositionTableName {
    std::string schema;
    std::string table;
};

/// On one connection, whose owner keeps it open; used by its thread. Everything throws Error as the
/// connection does.
class PositionSql {
  public:
    virtual ~PositionSql() = default;

    virtual std::string identifier(std::string_view name) const = 0;
    virtual std::string literal(std::string_view text) const = 0;

    /// The first row as texts, empty for NULL; nothing when there is none.
    virtual std::optional<std::vector<std::string>> row(const std::string& sql) = 0;
    /// The rows it matched.
    virtual std::uint64_t execute(const std::string& sql) = 0;
    /// Begins a transaction where the session does not do that by itself. None may be open.
    virtual void begin() = 0;

    virtual bool table_exists(const PositionTableName& name) = 0;
    /// With the owner columns. Somebody else may make it at the same time.
    virtual void create_table(const PositionTableName& name) = 0;
    virtual bool has_column(const PositionTableName& name, std::string_view column) = 0;

    // The lock by name; outside any transaction.

    /// False when somebody else holds it for longer than this. True also where the server has no
    /// such locks: the owner token keeps other owners out then.
    virtual bool take_lock(std::uint64_t key, unsigned wait_secs) = 0;
    /// The connection that holds it, for messages and end_connection(); "?" when it is not known.
    virtual std::string lock_holder(std::uint64_t key) = 0;
    /// Ends another connection, as far as the account may.
    virtual void end_connection(const std::string& holder) = 0;
};

}  // namespace dts
