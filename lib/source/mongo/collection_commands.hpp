// What the oplog and change streams say of changes of collections themselves, as
// CollectionCommands. What is the server's own (the index of _id, UUIDs) is left out.
//
// Formats: MongoDB manual, "Change Events" (showExpandedEvents); test/data/mongo for the oplog.
#pragma once

#include <optional>
#include <string_view>

#include "lib/change/collection_command.hpp"
#include "lib/source/mongo/oplog_entry.hpp"

namespace dts {

/// Of an entry of op "c"; nothing for what changes no collection (dropDatabase comes behind the
/// drops of its collections).
std::optional<CollectionCommand> command_of_entry(const OplogEntry& entry);

/// The parts of a change event that matter here.
struct CollectionEvent {
    std::string_view operation, database, collection, to_database, to_collection;
    std::string_view description;  ///< operationDescription; empty where there is none
};
std::optional<CollectionCommand> command_of_event(const CollectionEvent& event);

}  // namespace dts
