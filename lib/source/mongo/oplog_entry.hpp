// One entry of local.oplog.rs, its fields found once. Views into the entry's bytes.
//
// Format: the server's design documents (src/mongo/db/repl/README.md, transactions) and published
// entries; test/data/mongo names the sources one by one.
#pragma once

#include <optional>
#include <string_view>

#include "lib/source/mongo/document_batch.hpp"

namespace dts {

struct OplogEntry {
    /// Throws Error{data}. Also reads the operations inside an applyOps, which lack ts and wall.
    explicit OplogEntry(std::string_view bytes);

    std::string_view op;  ///< i u d c n, and others that are of no concern
    std::string_view database, collection;
    std::string_view object;      ///< o
    std::string_view identifier;  ///< o2; empty where there is none
    bool from_migrate = false;    ///< moved between shards: the cluster's data is as it was
    bool applied_apart = false;   ///< multiOpType 1: retried writes that are no transaction
    MongoPlace place;
    BsonTimestamp previous;  ///< the entry of the same transaction before this one; zero: none

    /// The first field of o: which command a "c" is.
    std::string_view command() const;
};

}  // namespace dts
