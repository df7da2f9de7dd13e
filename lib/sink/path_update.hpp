// Updates that name what they change by paths: of change streams and of the oplog before MongoDB
// 5.0.
//
// A path is text with dots between its parts, and a part of digits is an index where the document
// has an array there, and a name where it has a document. A name that holds a dot itself makes two
// readings of one path possible. Change streams say then which is meant (disambiguatedPaths, from
// 6.1 where asked for); else the document tells, and where it could be both nothing is guessed.
#pragma once

#include <string_view>
#include <vector>

#include "lib/client/bson_bytes.hpp"

namespace dts {

struct PathChange {
    enum class Kind : std::uint8_t { set, remove, truncate };
    Kind kind = Kind::set;
    std::string_view path;                ///< what is left of it, dotted
    std::vector<std::string_view> parts;  ///< in place of `path` where the source gave them apart
    BsonElement value;                    ///< set: the value; truncate: the new length
};

/// Writes what the changes, in their order, make of the fields of a document. False when some did
/// not fit.
bool apply_path_changes(std::string_view document, std::vector<PathChange> changes,
                        BsonWriter& out);

}  // namespace dts
