// The part of the factory that knows MongoDB.
#pragma once

#include <functional>
#include <memory>

#include "lib/config/task_config.hpp"
#include "lib/pipeline/filter.hpp"
#include "lib/pipeline/router.hpp"
#include "lib/sink/sink.hpp"
#include "lib/sink/sql_sink.hpp"
#include "lib/source/heartbeat_writer.hpp"
#include "lib/source/source.hpp"

namespace dts {

/// `shared`: what the task's settings say of any target; `inserts` are wanted.
std::unique_ptr<Sink> make_mongo_sink(const TaskConfig& config, const SqlSink::Options& shared,
                                      bool inserts);

/// The filter outlives the source.
std::unique_ptr<Source> make_mongo_source(const TaskConfig& config, const Filter& filter,
                                          TableSelector selector);

/// For a task with heartbeat_tb.
HeartbeatConnect mongo_heartbeat(const TaskConfig& config);

/// With the target's names. What would take something away from another source collection that is
/// written to the same one is refused: Error{data}.
std::shared_ptr<CollectionCommand> routed_command(
    const CollectionCommand& source, const Router& router,
    const std::function<bool(const TableSchema& source)>& shares_target);

}  // namespace dts
