// The diffs of the oplog since MongoDB 5.0: {"diff": {d: removed, u: updated, i: inserted, b:
// binary, s<field>: a nested diff}}, and for arrays {a: true, l: new length, u<index>, s<index>}.
#pragma once

#include <string_view>

#include "lib/client/bson_bytes.hpp"

namespace dts {

/// Writes what the diff makes of the fields of a document. False when a part of it did not fit.
bool apply_document_diff(std::string_view document, std::string_view diff, BsonWriter& out);

}  // namespace dts
