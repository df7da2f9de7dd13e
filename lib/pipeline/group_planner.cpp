#include "lib/pipeline/group_planner.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/sink/translation/row_translation.hpp"

namespace dts {

namespace {

/// Rows of one kind that follow each other become one write.
void append_write(WriteGroup& group, std::size_t first_write, const TableBindingPtr& binding,
                  WriteKind kind, RowWrite row) {
    const bool joins = group.writes.size() > first_write && group.writes.back().kind == kind &&
                       group.writes.back().binding == binding;
    if (!joins) group.writes.push_back({binding, kind, {}, false});
    group.writes.back().rows.push_back(row);
}

/// A partial image must still tell which row it means: its key, or every column where there is
/// none.
void require_key(const TableBinding& binding, const Value* before) {
    const auto check = [&](std::uint16_t ordinal) {
        if (before[ordinal].is_carried()) return;
        throw Error(
            ErrorKind::data,
            fmt::format("a row image of source table {} lacks column `{}`, by which target {} "
                        "finds its rows",
                        binding.source->display_name(), binding.source->columns[ordinal].name,
                        binding.target->display_name()),
            "SET GLOBAL binlog_row_image=FULL on the source, and in sessions that change it");
    };
    for (const std::uint16_t ordinal : binding.key) check(ordinal);
    if (!binding.keyless()) return;
    for (const auto& field : binding.fields) check(field.source);
}

/// Do before images carry the key, or every column where there is none?
bool finds_rows(const TableBinding& binding) {
    const auto& columns = binding.source->columns;
    const auto carried = [&](std::uint16_t ordinal) { return columns[ordinal].in_before; };
    if (!binding.keyless()) return std::all_of(binding.key.begin(), binding.key.end(), carried);
    return std::all_of(binding.fields.begin(), binding.fields.end(),
                       [&](const auto& field) { return carried(field.source); });
}

[[noreturn]] void throw_cannot_find_rows(const TableBinding& binding) {
    throw Error(
        ErrorKind::data,
        fmt::format("an update or delete of source table {} can not be applied: its replica "
                    "identity does not hold {} of target table {}",
                    binding.source->display_name(),
                    binding.keyless() ? "all columns, by which rows are found in a table without "
                                        "a key, such as that"
                                      : "the key",
                    binding.target->display_name()),
        "give both tables the same primary key, or ALTER TABLE ... REPLICA IDENTITY FULL at the "
        "source");
}

}  // namespace

bool GroupPlanner::is_wanted(ChangeKind kind) const noexcept {
    switch (kind) {
        case ChangeKind::insert:
            return options_.inserts;
        case ChangeKind::update:
            return options_.updates;
        case ChangeKind::remove:
            return options_.removes;
        case ChangeKind::truncate:
        case ChangeKind::definition:
            break;
    }
    return true;
}

GroupPlanner::TablePlan* GroupPlanner::table_of(const RowChange& change, const ChangeBatch& batch) {
    if (change.table == last_source_) return last_table_;
    auto found = tables_.find(change.table);
    if (found == tables_.end()) {
        const auto source =
            std::find_if(batch.tables.begin(), batch.tables.end(),
                         [&](const TableSchemaPtr& t) { return t.get() == change.table; });
        if (source == batch.tables.end()) {
            throw Error(ErrorKind::bug, "a batch does not hold the table of its change");
        }
        retire(**source);
        found = tables_.emplace(change.table, make_plan(*source)).first;
    }
    last_source_ = change.table;
    last_table_ = found->second.get();
    return last_table_;
}

std::unique_ptr<GroupPlanner::TablePlan> GroupPlanner::make_plan(const TableSchemaPtr& source) {
    auto plan = std::make_unique<TablePlan>();
    plan->source = source;
    plan->run = plan.get();
    plan->binding = binder_(source);
    if (plan->binding) {
        plan->in_order = plan->binding->keyless() || !plan->binding->whole;
        plan->finds_rows = finds_rows(*plan->binding);
        share_target(*plan);
    }
    return plan;
}

/// A row may leave one source table and enter another that is routed to the same target table: what
/// is written there keeps the order over all of them.
void GroupPlanner::share_target(TablePlan& plan) {
    const TableSchema& target = *plan.binding->target;
    for (auto& [schema, other] : tables_) {
        if (!other->binding) continue;
        const TableSchema& its = *other->binding->target;
        if (its.schema != target.schema || its.table != target.table) continue;
        other->in_order = plan.in_order = true;
        plan.run = other->run;  // which may be that of a retired plan, until the group ends
        return;
    }
}

/// The table's older definition: its plan lives on until the group that may hold its changes ends.
void GroupPlanner::retire(const TableSchema& source) {
    for (auto entry = tables_.begin(); entry != tables_.end();) {
        const TableSchema& known = *entry->second->source;
        if (known.schema == source.schema && known.table == source.table) {
            retired_.push_back(std::move(entry->second));
            entry = tables_.erase(entry);
        } else {
            ++entry;
        }
    }
    last_source_ = nullptr;
}

WriteGroup GroupPlanner::plan(GroupCut cut) {
    WriteGroup group;
    group.ends_transaction = cut.ends_transaction;
    group.voids_open_transaction = cut.voids_open_transaction;
    group.checkpoint = std::move(cut.checkpoint);
    group.current = std::move(cut.current);
    group.changes = cut.changes;
    group.dropped_changes = cut.dropped_changes;
    group.bytes = cut.bytes;
    group.commit_time_us = cut.commit_time_us;
    if (cut.command && options_.route_command) group.command = options_.route_command(*cut.command);

    for (Segment& segment : cut.segments) {
        collect(segment, group);
        group.batches.push_back(std::move(segment.batch));
    }
    write_tables(group);
    for (TablePlan* table : group_tables_) leave_group(*table);
    group_tables_.clear();
    drop_retired();
    if (group.ends_with_definition()) {
        tables_.clear();
        last_source_ = nullptr;
    }
    return group;
}

/// Tables that shared the run of a plan that goes share that of the first of them.
void GroupPlanner::drop_retired() {
    for (const auto& plan : retired_) {
        TablePlan* run = nullptr;
        for (auto& [schema, other] : tables_) {
            if (other->run != plan.get()) continue;
            if (run == nullptr) run = other.get();
            other->run = run;
        }
    }
    retired_.clear();
}

void GroupPlanner::write_tables(WriteGroup& group) const {
    for (TablePlan* table : group_tables_) {
        write_merged(*table, group);
        write_in_order(*table, group);
    }
}

/// What comes before it, of any table, is written before it: nothing is merged across.
void GroupPlanner::write_truncate(const TablePlan& table, WriteGroup& group) const {
    const TableBinding& binding = *table.binding;
    if (options_.shares_target && options_.shares_target(*binding.source)) {
        throw Error(ErrorKind::data,
                    fmt::format("TRUNCATE of source table {} would empty target table {}, which "
                                "another source table is written to as well",
                                binding.source->display_name(), binding.target->display_name()),
                    "delete its rows in the target by hand, and leave truncate_table out of "
                    "[filter] do_ddls until the task is past it");
    }
    write_tables(group);
    group.writes.push_back({table.binding, WriteKind::truncate, {{nullptr, nullptr}}, false});
}

/// As a truncation, of all tables.
void GroupPlanner::write_definition(const ChangeBatch& batch, WriteGroup& group) const {
    write_tables(group);
    group.writes.push_back({nullptr, WriteKind::definition, {}, false, batch.definition});
}

void GroupPlanner::enter_group(TablePlan& table) {
    if (table.in_group) return;
    table.in_group = true;
    group_tables_.push_back(&table);
    if (free_indexes_.empty()) free_indexes_.push_back(std::make_unique<KeyIndex>());
    table.index = std::move(free_indexes_.back());
    free_indexes_.pop_back();
}

void GroupPlanner::leave_group(TablePlan& table) {
    table.in_group = false;
    free_indexes_.push_back(std::move(table.index));
}

void GroupPlanner::collect(const Segment& segment, WriteGroup& group) {
    const ChangeBatch& batch = *segment.batch;
    for (std::uint32_t i = segment.begin; i < segment.end; ++i) {
        const RowChange& read = batch.changes[i];
        if (!is_wanted(read.kind)) continue;
        if (read.kind == ChangeKind::definition) {
            write_definition(batch, group);
            continue;
        }
        TablePlan* table = table_of(read, batch);
        if (!table->binding) continue;
        if (read.kind == ChangeKind::truncate) {
            write_truncate(*table, group);
            continue;
        }
        if (!table->finds_rows && read.kind != ChangeKind::insert) {
            throw_cannot_find_rows(*table->binding);
        }
        const RowTranslation* translation = table->binding->translation.get();
        const RowChange change =
            translation == nullptr ? read : (*translation)(read, group.translated);
        enter_group(*table);
        if (!options_.merge) {
            // One run over all tables: the order between tables counts too.
            table->ordered.push_back({table, change});
            write_in_order(*table, group);
            continue;
        }
        // Once a row of this table had to keep its order, later ones of the group follow it.
        TablePlan& run = *table->run;
        if (table->in_order || change.partial || !run.ordered.empty()) {
            enter_group(run);
            run.ordered.push_back({table, change});
        } else {
            merge_change(*table, change);
        }
    }
}

void GroupPlanner::merge_change(TablePlan& table, const RowChange& change) {
    const TableBinding& binding = *table.binding;
    const bool moves_key =
        change.kind == ChangeKind::update && !same_values(binding.key, change.before, change.after);
    if (change.kind == ChangeKind::remove || moves_key) {
        auto [entry, is_new] = table.index->find_or_add(binding, change.before);
        if (is_new) entry->first_before = change.before;
        entry->last_after = nullptr;
    }
    if (change.kind == ChangeKind::insert || moves_key) {
        auto [entry, is_new] = table.index->find_or_add(binding, change.after);
        entry->last_after = change.after;
    }
    if (change.kind == ChangeKind::update && !moves_key) {
        auto [entry, is_new] = table.index->find_or_add(binding, change.before);
        if (is_new) entry->first_before = change.before;
        entry->last_after = change.after;
    }
}

void GroupPlanner::write_merged(TablePlan& table, WriteGroup& group) const {
    const TableBinding& binding = *table.binding;
    if (table.index->entries().empty()) return;
    TableWrite removes{table.binding, WriteKind::remove, {}, true};
    TableWrite upserts{table.binding, WriteKind::upsert, {}, true};
    TableWrite inserts{table.binding, WriteKind::insert, {}, true};
    for (const auto& entry : table.index->entries()) {
        if (entry.last_after == nullptr) {
            removes.rows.push_back({entry.key_row, nullptr});
            continue;
        }
        if (entry.first_before == nullptr) {
            inserts.rows.push_back({nullptr, entry.last_after});
            continue;
        }
        const bool moves =
            !options_.upserts_remove_first &&
            std::any_of(binding.other_keys.begin(), binding.other_keys.end(), [&](const auto& key) {
                return !same_values(key, entry.first_before, entry.last_after);
            });
        if (moves) removes.rows.push_back({entry.key_row, nullptr});
        upserts.rows.push_back({nullptr, entry.last_after});
    }
    for (TableWrite* write : {&removes, &upserts, &inserts}) {
        if (!write->rows.empty()) group.writes.push_back(std::move(*write));
    }
    table.index->clear();
}

void GroupPlanner::write_in_order(TablePlan& table, WriteGroup& group) const {
    const std::size_t first_write = group.writes.empty() ? 0 : group.writes.size() - 1;
    for (const auto& [owner, change] : table.ordered) {
        const TableBinding& binding = *owner->binding;
        const bool exact = binding.keyless();
        const auto add = [&, &b = owner->binding](WriteKind kind, RowWrite row) {
            append_write(group, first_write, b, kind, row);
        };
        if (change.partial && change.before != nullptr) require_key(binding, change.before);
        switch (change.kind) {
            case ChangeKind::insert:
                add(WriteKind::insert, {nullptr, change.after});
                break;
            case ChangeKind::remove:
                add(exact ? WriteKind::remove_exact : WriteKind::remove, {change.before, nullptr});
                break;
            case ChangeKind::update:
                if (exact) {
                    add(WriteKind::update_exact, {change.before, change.after});
                } else if (!binding.whole || change.partial || !options_.updates_as_upserts) {
                    add(WriteKind::update, {change.before, change.after});
                } else {
                    // Deleting the old key first makes a second run of the same changes harmless.
                    if (!same_values(binding.key, change.before, change.after)) {
                        add(WriteKind::remove, {change.before, nullptr});
                    }
                    add(WriteKind::upsert, {nullptr, change.after});
                }
                break;
            case ChangeKind::truncate:
            case ChangeKind::definition:
                throw Error(ErrorKind::bug, "a statement among the rows that keep their order");
        }
    }
    table.ordered.clear();
}

}  // namespace dts
