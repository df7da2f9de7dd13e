// The events that a change stream tells of an oplog entry; see the manual's pages "Change Events"
// and test/data/mongo/change_events.json.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "test/servers/mongo/engine.hpp"
#include "test/servers/mongo/resume_token.hpp"

namespace standin {

struct StreamOptions {
    enum class Scope : std::uint8_t { collection, database, cluster };
    Scope scope = Scope::cluster;
    std::string db, ns;        ///< of what is watched
    bool expanded = false;     ///< showExpandedEvents
    bool looks_up = false;     ///< fullDocument: updateLookup
    bool null_images = false;  ///< fullDocument: whenAvailable, with no images kept
};

struct ChangeEvent {
    ResumeToken token;
    Value document;
    bool ends_stream = false;  ///< invalidate
};

/// All events of one entry, in their order; a transaction's when it is committed. Throws Failure
/// when earlier entries of a transaction are gone.
std::vector<ChangeEvent> events_of(const Value& entry, const Engine& engine,
                                   const StreamOptions& options);

}  // namespace standin
