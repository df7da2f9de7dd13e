// One of the two ways to follow MongoDB: a change stream, or the oplog itself.
#pragma once

#include <string>

#include "lib/position/mongo_position.hpp"
#include "lib/source/mongo/document_batch.hpp"
#include "lib/source/source.hpp"

namespace dts {

/// The part of a server that a task needs to hear of. Empty names: all of them.
struct MongoScope {
    std::string database;
    std::string collection;
};

class MongoReader {
  public:
    virtual ~MongoReader() = default;

    /// Where the server stands now.
    virtual MongoPlace current_end() = 0;
    virtual Holding holds(const MongoPosition& position) = 0;

    /// Throws Error{gap} when the server no longer holds what follows.
    virtual void open(const MongoPosition& position) = 0;
    /// Reads what there is into the batch, or waits a moment for it. False when nothing had come.
    /// Throws Error{transient} when the connection or the cursor is lost.
    virtual bool read() = 0;
    /// All that was read from the server has been handed to the batch.
    virtual bool is_drained() const noexcept = 0;
};

}  // namespace dts
