// What an update makes of a document: a replacement, operators, or a pipeline; see the manual's
// pages "update", "Update Operators" and "Updates with Aggregation Pipeline".
#pragma once

#include <set>
#include <string>

#include "test/servers/mongo/expression.hpp"
#include "test/servers/mongo/value.hpp"

namespace standin {

enum class UpdateKind : std::uint8_t { replacement, operators, pipeline };

/// Throws Failure for operators mixed with fields.
UpdateKind kind_of(const Value& update);

struct Updated {
    Value document;
    UpdateKind kind;
    /// Of operators: the paths that they wrote, for the diff in the oplog.
    std::set<std::string> paths;
};

/// `inserting`: an upsert makes a new document, and $setOnInsert counts. Throws Failure, also for a
/// changed _id.
Updated apply_update(const Value& update, const Value& before, const Variables& let,
                     bool inserting);

}  // namespace standin
