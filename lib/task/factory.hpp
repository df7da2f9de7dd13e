// Makes the parts of a task from its configuration: the only file that names every source and sink.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lib/config/task_config.hpp"
#include "lib/pipeline/filter.hpp"
#include "lib/pipeline/pipeline.hpp"
#include "lib/pipeline/router.hpp"
#include "lib/sink/sink.hpp"
#include "lib/source/source.hpp"

namespace dts {

class BinaryChoice;
class HeartbeatWriter;
class StreamedFolder;

/// This worker, as it marks the target's checkpoint as its own.
struct WorkerIdentity {
    std::string token;       ///< random, new for each process
    std::string place;       ///< host and log directory
    bool held_task = false;  ///< it has: from then on it takes the task from nobody
};
WorkerIdentity make_worker_identity(const std::filesystem::path& log_directory);

/// What [filter] and [router] say, with the source's way to quote names.
FilterRules filter_rules(const TaskConfig& config);
RouterRules router_rules(const TaskConfig& config);

/// What the sources of a task have in common: after each error a new one is made. Each is made with
/// the first source that needs it.
struct SourceMemory {
    std::shared_ptr<StreamedFolder> streamed_folder;
    std::shared_ptr<BinaryChoice> binary_choice;
};

/// Streaming was given up since the last call, by this error, which may have been lost behind
/// another one.
std::optional<Error> take_streaming_error(SourceMemory& memory);

/// The filter must outlive the source.
std::unique_ptr<Source> make_source(const TaskConfig& config, const Filter& filter,
                                    SourceMemory& memory);

std::unique_ptr<Sink> make_sink(const TaskConfig& config, const WorkerIdentity& worker);

/// Filter, router and sink must outlive the planner.
GroupPlanner make_planner(const TaskConfig& config, const Filter& filter, const Router& router,
                          Sink& sink);

Pipeline::Options make_pipeline_options(const TaskConfig& config);

/// nullptr where the task has no heartbeat table.
std::unique_ptr<HeartbeatWriter> make_heartbeat(const TaskConfig& config,
                                                std::function<void(const std::string&)> note);

/// This task's record in the position table that resume_type=from_db names.
struct DatabaseRecord {
    std::optional<std::string> record;
    std::string place;
};
DatabaseRecord read_position_database(const TaskConfig& config);

/// The "type" of the position records that this task resumes from.
std::string_view position_type(const TaskConfig& config);

}  // namespace dts
