// What of a collection's definition must not take effect in the target while a task runs.
//
// Expiry: the target's server would remove by itself what the source has renewed meanwhile, where
// the task lags; the source's own removals arrive as changes. An index gets the longest expiry
// there is, so that collMod can give it the real one at the switch-over; a clustered collection
// takes no such number, and none is given.
// A capped collection: transactions must not write to one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/change/collection_command.hpp"

namespace dts {

/// Seconds; longer than any TTL index waits.
constexpr std::int32_t longest_expiry = 2'147'483'647;

/// Takes that out of a create, create_indexes or modify. Returns what there is to say of it.
std::vector<std::string> hold_back_options(CollectionCommand& command);

}  // namespace dts
