// What a task writes to. describe() and encode() are called by the thread that merges, everything
// else by the thread that writes, so the next group is encoded while this one executes.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/sink/write_group.hpp"

namespace dts {

/// A group in the sink's own form, ready to execute. Keeps its WriteGroup: a retry may encode it
/// anew.
class EncodedGroup {
  public:
    explicit EncodedGroup(WriteGroup g) : group(std::move(g)) {}
    virtual ~EncodedGroup() = default;
    WriteGroup group;
    std::chrono::steady_clock::time_point ready_at{};  ///< the pipeline's: when it could be applied
};

class Sink {
  public:
    virtual ~Sink() = default;

    /// Connects and checks that the target can be written. Throws with a HINT for what is missing.
    virtual void preflight() = 0;

    /// The checkpoint is written in the same target transaction as the changes. Known after
    /// preflight.
    virtual bool checkpoint_in_transaction() const noexcept { return false; }

    /// Where the target holds the checkpoint, for messages and for the record beside the log.
    virtual std::string checkpoint_place() const { return {}; }

    /// Claims the task's checkpoint in the target for this worker: from now on every transaction of
    /// an earlier owner fails. Returns the record's JSON, nothing where there is none yet. Throws
    /// Error{log_directory} when another worker holds the task.
    virtual std::optional<std::string> claim_checkpoint() { return std::nullopt; }

    /// The checkpoint as the target holds it, without claiming it. Writes nothing.
    virtual std::optional<std::string> read_checkpoint() { return std::nullopt; }

    /// Makes this position the target's checkpoint, durably, without any change of data. After a
    /// claim.
    virtual void store_checkpoint(const Position&) {}

    /// The target's description of a table; nullptr where the target has none of its own and takes
    /// rows as the source describes them. Throws Error{data} with a HINT when the table is missing
    /// there.
    virtual TableSchemaPtr describe(std::string_view schema, std::string_view table) = 0;

    virtual std::unique_ptr<EncodedGroup> encode(WriteGroup group) = 0;

    /// Executes the group in the open target transaction, opening one where there is none; commits
    /// when group.ends_transaction, with the checkpoint inside where it can. On return of such a
    /// group everything is durable. On any Error nothing of the open transaction is left in the
    /// target, but for a connection lost during commit: recover() tells.
    virtual void apply(EncodedGroup& group) = 0;

    /// What the target shows after a transient error.
    enum class Recovery {
        committed,    ///< the group was committed after all
        apply_again,  ///< it was not, and what was committed before it is there
        start_over,   ///< that is not there any more: the task goes on from the target's checkpoint
    };
    /// Connects anew if need be, and looks.
    virtual Recovery recover(const EncodedGroup& group) = 0;

    /// Rolls an open target transaction back (the rest of a large one will not come).
    virtual void abandon() noexcept = 0;

    /// What the log should say, once: weaker guarantees than asked for, rows that were not found.
    /// Any thread.
    virtual std::vector<std::string> take_notes() { return {}; }

    /// Ends a blocking apply() of another thread. Any thread.
    virtual void interrupt() noexcept {}
};

}  // namespace dts
