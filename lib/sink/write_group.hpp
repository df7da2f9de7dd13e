// What a sink applies in one go: writes per table in the order they must be executed, the batches
// that own their values, and the checkpoint that becomes true with them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lib/change/change_batch.hpp"
#include "lib/sink/table_binding.hpp"

namespace dts {

enum class WriteKind : std::uint8_t {
    insert,        ///< new rows; a conflict is settled as `replace` says
    upsert,        ///< the row as it is to be, whether or not it is there. Whole rows only
    update,        ///< the carried columns of the row with before's key
    remove,        ///< the row with before's key
    update_exact,  ///< one row that equals before in every column (keyless tables)
    remove_exact,  ///< the same
    truncate,      ///< the table's rows are all gone; its one row says nothing
    definition,    ///< `definition`, of no table: no binding, no rows. The last of its group
};

/// before: update, remove and the exact ones; after: insert, upsert, update.
struct RowWrite {
    const Value* before;
    const Value* after;
};

struct TableWrite {
    TableBindingPtr binding;
    WriteKind kind;
    std::vector<RowWrite> rows;
    bool distinct = false;  ///< no two rows have the same key
    DefinitionPtr definition = nullptr;
};

struct WriteGroup {
    std::vector<std::shared_ptr<const ChangeBatch>> batches;  ///< own the values
    Arena translated;  ///< owns those that were translated for another kind of database
    std::vector<TableWrite> writes;

    /// False for the first parts of a transaction that is larger than a group: they are executed in
    /// one target transaction, which the part with the commit mark ends.
    bool ends_transaction = true;
    /// The parts executed so far belong to a transaction that the source took back: they are rolled
    /// back before this group.
    bool voids_open_transaction = false;
    /// The group is this and nothing else, with the target's names. May be applied again.
    CollectionCommandPtr command;
    PositionPtr checkpoint;  ///< behind the last whole transaction; set when ends_transaction
    PositionPtr current;     ///< behind the last change; may be inside a transaction

    std::uint64_t changes = 0;          ///< as the source sent them, before merging
    std::uint64_t dropped_changes = 0;  ///< read before these, and taken back by the source
    std::uint64_t bytes = 0;            ///< of the batches, as read from the network
    std::int64_t commit_time_us = 0;    ///< the source's, of the last transaction; 0: none

    bool ends_with_definition() const noexcept {
        return !writes.empty() && writes.back().kind == WriteKind::definition;
    }
};

}  // namespace dts
