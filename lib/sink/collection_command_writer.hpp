// Executes changes of collections themselves at a MongoDB target. Each may have been executed
// before, by a worker that ended before it could record so: what the server then says (there is
// such a collection already, there is none any more) counts as done.
#pragma once

#include "lib/change/collection_command.hpp"
#include "lib/client/mongo_client.hpp"

namespace dts {

/// Acknowledged by a majority. False: a rename found no collection of the old name, and counts as
/// done. Throws MongoError; Error{data, permission} with a HINT for what the target refuses.
bool execute_collection_command(MongoConnection& connection, const CollectionCommand& command);

}  // namespace dts
