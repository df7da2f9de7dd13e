// A definition statement of the source (DDL) that is applied to the target, in its place among the
// rows and in the same target transaction as they. Immutable.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace dts {

struct Definition {
    std::string sql;  ///< for the target, without a semicolon at its end
    /// Settings of the session that the statement is written for: for it alone.
    std::vector<std::pair<std::string, std::string>> settings;
    std::string about;  ///< "ALTER TABLE of source table "s"."t"", for messages
};

using DefinitionPtr = std::shared_ptr<const Definition>;

}  // namespace dts
