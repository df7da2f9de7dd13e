// What a MongoDB server must be and allow before it can be followed, and which data it holds.
#pragma once

#include <string>
#include <vector>

#include "lib/client/mongo_client.hpp"
#include "lib/source/mongo/mongo_reader.hpp"

namespace dts {

enum class MongoStream : std::uint8_t { op_log, change_stream };

/// What a task wants of its source.
struct MongoNeeds {
    MongoStream stream = MongoStream::change_stream;
    MongoScope scope;
    CollectionCommandKinds commands;
};

/// Throws Error{config, permission} with a HINT for each thing missing.
void check_mongo_source(MongoConnection& connection, const MongoServerFacts& server,
                        const MongoNeeds& needs);

/// "replica set rs0, id 65f0...": the id where the account may read it, so that two sets of one
/// name are told apart.
std::string mongo_identity(MongoConnection& connection, const MongoServerFacts& server);

/// Subscribed collections whose changes a target can not be kept equal by: time series, whose
/// changes no stream shows, and capped ones, whose oldest documents vanish without a change. Says
/// nothing where the account may not list them.
std::vector<std::string> collection_notes(MongoConnection& connection, const MongoScope& scope,
                                          const TableSelector& selector);

}  // namespace dts
