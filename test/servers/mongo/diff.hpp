// The forms in which the oplog tells of an update ($v:2 diffs and $v:1 modifiers), and what a
// change stream says of them. Forms: test/data/mongo/oplog_updates.json.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "test/servers/mongo/value.hpp"

namespace standin {

/// The `diff` of a $v:2 entry. `paths` are what operators wrote; null: the documents are compared
/// (pipelines). Nothing when the order of fields changes in a way that no diff can tell.
std::optional<Value> diff_of(const Value& before, const Value& after,
                             const std::set<std::string>* paths);

/// What a diff makes of a document.
Value apply_diff(const Value& before, const Value& diff);

/// {$v: 1, $set: …, $unset: …} of the same change; arrays that become shorter are set whole.
Value modifiers_of(const Value& diff, const Value& after);

/// updatedFields, removedFields, truncatedArrays, and disambiguatedPaths where `expanded`, of an
/// entry's `o`: a diff or modifiers.
Value update_description(const Value& o, bool expanded);

}  // namespace standin
