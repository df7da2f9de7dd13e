// The unit that travels from the source to the applier. It owns all memory of its rows: the chunks
// the network packets were read into and an arena; names and values are views into them.
//
// A batch holds row changes in the order of the source, and commit marks between them. Changes
// behind the last mark belong to a transaction that goes on in the next batch, or that the next
// batch declares void. A heartbeat is a mark without changes. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/arena.hpp"
#include "lib/change/collection_command.hpp"
#include "lib/change/definition.hpp"
#include "lib/change/table_schema.hpp"
#include "lib/change/value.hpp"
#include "lib/position/position.hpp"

namespace dts {

enum class ChangeKind : std::uint8_t {
    insert,
    update,
    remove,
    truncate,    ///< all rows of the table are gone. Those of one statement follow each other
    definition,  ///< the batch's definition statement; its last change, of no table
};

/// before: update, remove; after: insert, update. Each has table->columns.size() values.
struct RowChange {
    const TableSchema* table;  ///< nullptr: a definition
    const Value* before;
    const Value* after;
    ChangeKind kind;
    /// Some value of after is not carried, or of before that would tell the row (a partial image).
    /// Where the source never sends more of before than its columns say (Column::in_before), that
    /// alone does not count.
    bool partial = false;
};

/// The changes [end of the mark before, change_end) are one source transaction, or the last part of
/// one.
struct CommitMark {
    std::uint32_t change_end;
    std::int64_t commit_time_us;  ///< when the source committed, microseconds since the epoch
};

/// Makes the positions of a batch's commit marks on demand: most of them are never asked for, so a
/// transaction costs no allocation. Immutable once its batch has left the source.
class CommitTrail {
  public:
    virtual ~CommitTrail() = default;
    /// The position to resume at after the mark with that index.
    virtual PositionPtr after_commit(std::size_t mark) const = 0;
    /// Behind the last change of the batch; may be inside a transaction (current_position).
    virtual PositionPtr last_read() const = 0;
};

struct ChangeBatch {
    Arena arena;
    std::vector<TableSchemaPtr> tables;  ///< keeps alive what the changes point to
    std::vector<RowChange> changes;
    std::vector<CommitMark> commits;
    std::unique_ptr<CommitTrail> trail;
    /// A change of a collection itself: the batch holds nothing else but its mark, stands between
    /// whole transactions, and is applied by itself.
    CollectionCommandPtr command;
    /// A batch ends behind a definition statement: what follows may be of another shape.
    DefinitionPtr definition;
    /// What the log should say once, e.g. a definition statement that is not applied. A batch may
    /// hold nothing else.
    std::vector<std::string> notes;
    std::uint64_t source_bytes = 0;       ///< as read from the network, and what was unpacked of it
    bool voids_open_transaction = false;  ///< what earlier batches hold of the unfinished
                                          ///< transaction is to be dropped before this batch counts
    std::uint64_t skipped_changes = 0;    ///< read but not subscribed

    bool ends_inside_transaction() const noexcept {
        return !changes.empty() && (commits.empty() || commits.back().change_end != changes.size());
    }
    std::size_t bytes() const noexcept {
        return arena.bytes() + source_bytes + changes.capacity() * sizeof(RowChange);
    }
};

using ChangeBatchPtr = std::unique_ptr<ChangeBatch>;

}  // namespace dts
