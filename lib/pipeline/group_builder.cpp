#include "lib/pipeline/group_builder.hpp"

#include <algorithm>
#include <utility>

namespace dts {

void GroupBuilder::add(ChangeBatchPtr batch) {
    if (batch->voids_open_transaction) drop_open_transaction();
    const auto changes = static_cast<std::uint32_t>(batch->changes.size());
    pending_changes_ += changes;
    pending_bytes_ += batch->bytes();
    pending_marks_ += batch->commits.size();
    pending_.push_back({std::shared_ptr<const ChangeBatch>(std::move(batch)), 0, changes, 0});
}

/// What stands behind the last commit mark will never be committed.
void GroupBuilder::drop_open_transaction() {
    if (pending_marks_ == 0) void_parts_ = part_taken_;
    while (!pending_.empty() &&
           pending_.back().next_mark == pending_.back().batch->commits.size()) {
        const Pending& open = pending_.back();
        drop_changes(open.end - open.next_change);
        pending_bytes_ -= std::min(pending_bytes_, open.batch->bytes());
        pending_.pop_back();
    }
    if (pending_.empty()) return;
    Pending& last = pending_.back();
    const std::uint32_t committed = last.batch->commits.back().change_end;
    drop_changes(last.end - committed);
    last.end = committed;
}

void GroupBuilder::drop_changes(std::size_t count) {
    pending_changes_ -= count;
    dropped_changes_ += count;
}

bool GroupBuilder::is_full() const noexcept {
    if (limits_.one_transaction && pending_marks_ > 0) return true;
    return pending_changes_ >= limits_.changes || pending_bytes_ >= limits_.bytes;
}

std::optional<GroupCut> GroupBuilder::cut() {
    if (pending_marks_ > 0) return take_whole_transactions();
    if (void_parts_) {
        // At once: the parts hold locks in the target.
        GroupCut cut;
        cut.ends_transaction = false;
        cut.voids_open_transaction = true;
        cut.dropped_changes = std::exchange(dropped_changes_, 0);
        void_parts_ = part_taken_ = false;
        return cut;
    }
    return is_full() ? take_part() : std::nullopt;
}

GroupCut GroupBuilder::take_whole_transactions() {
    GroupCut cut;
    cut.voids_open_transaction = std::exchange(void_parts_, false);
    cut.dropped_changes = std::exchange(dropped_changes_, 0);
    part_taken_ = false;
    // Ends at a commit only: what is behind one is begun only where another mark is known to
    // follow.
    bool at_commit = false;
    bool at_definition = false;
    while (pending_marks_ > 0 && !at_definition && (!at_commit || cut.changes < limits_.changes)) {
        Pending& head = pending_.front();
        const bool may_end_cut = head.ends_with_definition();
        const ChangeBatch& batch = *head.batch;
        // By itself: not before, nor with, what else was read.
        if (batch.command && at_commit) break;
        cut.command = batch.command;
        const std::uint32_t begin = head.next_change;
        std::uint32_t end = begin;

        if (head.next_mark == batch.commits.size()) {
            // The transaction goes on in the next batch, which holds its mark.
            end = head.end;
        } else if (limits_.one_transaction) {
            end = batch.commits[head.next_mark].change_end;
        } else {
            // As many transactions of this batch as fit, at least one.
            std::size_t mark = head.next_mark;
            while (mark + 1 < batch.commits.size() &&
                   cut.changes + (batch.commits[mark + 1].change_end - begin) <= limits_.changes) {
                ++mark;
            }
            end = batch.commits[mark].change_end;
            pending_marks_ -= mark - head.next_mark;
            head.next_mark = mark;
        }

        at_definition = may_end_cut && end == head.end;
        if (end > begin) cut.segments.push_back({head.batch, begin, end});
        cut.changes += end - begin;
        pending_changes_ -= end - begin;
        head.next_change = end;

        at_commit = head.next_mark < batch.commits.size();
        if (at_commit) {
            cut.checkpoint = batch.trail->after_commit(head.next_mark);
            cut.commit_time_us = batch.commits[head.next_mark].commit_time_us;
            ++head.next_mark;
            --pending_marks_;
        }
        if (head.next_change == head.end && head.next_mark == batch.commits.size()) {
            cut.bytes += batch.source_bytes;
            pending_bytes_ -= std::min(pending_bytes_, batch.bytes());
            pending_.pop_front();
        }
        if (at_commit && (limits_.one_transaction || cut.command)) break;
    }
    cut.current = cut.checkpoint;
    if (!at_commit) {
        // Inside the transaction, behind a definition.
        cut.ends_transaction = false;
        cut.checkpoint = nullptr;
        cut.current = cut.segments.back().batch->trail->last_read();
        part_taken_ = true;
    }
    return cut;
}

std::optional<GroupCut> GroupBuilder::take_part() {
    GroupCut cut;
    cut.ends_transaction = false;
    bool at_definition = false;
    while (!pending_.empty() && !at_definition) {
        const Pending pending = std::move(pending_.front());
        pending_.pop_front();
        const std::uint32_t changes = pending.end - pending.next_change;
        pending_changes_ -= changes;
        pending_bytes_ -= std::min(pending_bytes_, pending.batch->bytes());
        at_definition = pending.ends_with_definition();
        if (changes == 0) continue;
        cut.segments.push_back({pending.batch, pending.next_change, pending.end});
        cut.changes += changes;
        cut.bytes += pending.batch->source_bytes;
        cut.current = pending.batch->trail->last_read();
    }
    if (cut.segments.empty()) return std::nullopt;
    part_taken_ = true;
    return cut;
}

}  // namespace dts
