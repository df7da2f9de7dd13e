// The expressions of aggregation that pipeline updates are made of, as far as replaying changes
// needs them; see the manual's pages "Expressions" and "Updates with Aggregation Pipeline". What is
// not known is refused.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "test/servers/mongo/value.hpp"

namespace standin {

/// Variables by their names without "$$"; "ROOT" is the document.
using Variables = std::map<std::string, Value>;

/// Nothing for what is absent ("$$REMOVE", a path that leads nowhere). Throws Failure.
std::optional<Value> evaluate(const Value& expression, const Variables& variables);

/// One stage of an update's pipeline: $set, $addFields, $unset, $replaceWith, $replaceRoot,
/// $project. Throws Failure.
Value apply_stage(const Value& stage, const Value& document, const Variables& variables);

}  // namespace standin
