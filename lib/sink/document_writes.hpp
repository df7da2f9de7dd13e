// What a group does to the documents of each target collection. Writes of one document become one:
// its last state, or, where the group holds updates alone, those updates, whose document is then
// read from the target.
//
// Where the target's collection has unique indexes besides that of _id, every write is kept in the
// source's order: a value may go from one document to another only in that order.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lib/sink/write_group.hpp"

namespace dts {

struct DocumentWrite {
    enum class Kind : std::uint8_t {
        remove,
        write,    ///< the document as it is to be
        insert,   ///< a new document; one that is there is a conflict
        replace,  ///< the document as it is to be, where there is one
        update,   ///< what `updates` make of the one that is there
    };
    Kind kind;
    std::string_view key;  ///< lib/client/document_key.hpp
    std::string_view document;
    std::vector<std::string_view> updates;
};

struct CollectionWrites {
    std::string database;
    std::string collection;
    bool keeps_order = false;
    std::vector<DocumentWrite> writes;
    std::vector<std::unique_ptr<std::string>> made;  ///< documents that updates have led to
    unsigned unfit = 0;  ///< updates that found no document, or one they were not made for
};

struct DocumentRules {
    bool inserts_replace = true;  ///< an insert takes the place of what is there
    bool updates_insert = true;   ///< a replacement whose document is missing inserts it
};

/// The values stay in the group's batches.
std::vector<CollectionWrites> collect_document_writes(const WriteGroup& group,
                                                      const DocumentRules& rules);

}  // namespace dts
