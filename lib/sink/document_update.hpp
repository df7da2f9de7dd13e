// What an update leaves of a document. MongoDB describes updates in three forms, and all of them
// mean something only together with the document they were made from:
//
//   {"$v":2,"diff":{...}}           oplog since 5.0: nested diffs          (document_diff.cpp)
//   {"$v":1,"$set":..,"$unset":..}  oplog before: dotted paths             (path_update.cpp)
//   {"updatedFields":..,"removedFields":..,"truncatedArrays":..,"disambiguatedPaths":..}
//                                   change streams: dotted paths; the last gives each path's parts
//                                   where dots and digits could be read in two ways
//
// Fields keep their places, new ones come last in the order given, everything else is copied byte
// for byte: the result is the document that the source's own replicas hold. (The server's update
// operators would sort new fields by name, which is why the target is not asked to do this.)
//
// Applied again to a later state of the document, an update sets an older one for a while; what
// follows it brings the later state back. A part that does not fit such a state is left out, as the
// server's own replication does.
#pragma once

#include <string>
#include <string_view>

namespace dts {

struct UpdatedDocument {
    std::string bytes;
    bool fits = true;  ///< every part of the update found what it was made for
};

/// Throws Error{data} for an update in none of the forms, or one whose dotted path has two readings
/// in this document.
UpdatedDocument apply_update(std::string_view document, std::string_view update);

}  // namespace dts
