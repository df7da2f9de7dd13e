// Turns a cut of the stream into the writes of an apply group: binds each table to its target,
// drops filtered events, and merges by key so that every row is written once. What cannot merge (no
// key, partial rows, targets with columns of their own, serial mode) keeps its order. A truncation
// parts what comes before it from what comes after it, for all tables; a definition statement ends
// its group, and tables are bound anew behind it.
//
// Why the merged order is right: per table, rows that end up removed, or whose other unique values
// moved, are deleted first; then every remaining row is written in its last state. The source held
// that state as a whole, so no two of its rows can conflict, and whatever could stand in the way
// has been deleted.
//
// Used by one thread.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "lib/pipeline/group_builder.hpp"
#include "lib/pipeline/key_index.hpp"
#include "lib/sink/write_group.hpp"

namespace dts {

class GroupPlanner {
  public:
    /// Finds the target of a source table; nullptr when its changes are to be dropped.
    using Binder = std::function<TableBindingPtr(const TableSchemaPtr& source)>;
    struct Options {
        bool merge = true;
        /// In order, an update of a whole row may be written as the row it leaves; else it stays an
        /// update with both images.
        bool updates_as_upserts = true;
        /// The sink deletes all rows of an upsert before it writes any of them: none needs to be
        /// removed first.
        bool upserts_remove_first = false;
        bool inserts = true, updates = true, removes = true;  ///< [filter] do_events
        /// Is another source table written to the same target? Asked before one is emptied.
        std::function<bool(const TableSchema& source)> shares_target = {};
        /// The command with the target's names; nullptr when it is not to be applied.
        std::function<CollectionCommandPtr(const CollectionCommand& source)> route_command = {};
    };

    GroupPlanner(Binder binder, Options options) : binder_(std::move(binder)), options_(options) {}

    /// The values stay where they are; the group keeps their batches.
    WriteGroup plan(GroupCut cut);

  private:
    struct TablePlan;
    /// A change that keeps its order, and the table it belongs to.
    struct Ordered {
        const TablePlan* table;
        RowChange change;
    };
    struct TablePlan {
        TableSchemaPtr source;    ///< kept, so that its address stays this table's
        TableBindingPtr binding;  ///< nullptr: changes are dropped
        bool in_order = false;
        bool finds_rows = true;  ///< what before images carry tells the target's rows
        bool in_group = false;
        /// Where changes in order go: its own run, or that of the first source table that is
        /// written to the same target: their order counts together.
        TablePlan* run = nullptr;
        std::unique_ptr<KeyIndex> index;  ///< while it is in a group
        std::vector<Ordered> ordered;
    };

    TablePlan* table_of(const RowChange& change, const ChangeBatch& batch);
    std::unique_ptr<TablePlan> make_plan(const TableSchemaPtr& source);
    void share_target(TablePlan& plan);
    void retire(const TableSchema& source);
    void drop_retired();
    void collect(const Segment& segment, WriteGroup& group);
    void enter_group(TablePlan& table);
    void leave_group(TablePlan& table);
    bool is_wanted(ChangeKind kind) const noexcept;
    static void merge_change(TablePlan& table, const RowChange& change);
    void write_tables(WriteGroup& group) const;
    void write_truncate(const TablePlan& table, WriteGroup& group) const;
    void write_definition(const ChangeBatch& batch, WriteGroup& group) const;
    void write_merged(TablePlan& table, WriteGroup& group) const;
    void write_in_order(TablePlan& table, WriteGroup& group) const;

    Binder binder_;
    Options options_;
    std::unordered_map<const TableSchema*, std::unique_ptr<TablePlan>> tables_;
    std::vector<std::unique_ptr<TablePlan>>
        retired_;  ///< of older definitions, until the group ends
    std::vector<std::unique_ptr<KeyIndex>> free_indexes_;
    std::vector<TablePlan*> group_tables_;  ///< of the group at hand, in the order of first touch
    const TableSchema* last_source_ = nullptr;
    TablePlan* last_table_ = nullptr;
};

}  // namespace dts
