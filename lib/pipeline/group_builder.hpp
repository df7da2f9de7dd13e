// Cuts the stream of batches into apply groups: as many whole transactions as have arrived, bounded
// by changes and bytes. A transaction beyond the bounds comes out in parts, and so does one with a
// definition statement inside: each cut ends behind it. Used by one thread.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "lib/change/change_batch.hpp"

namespace dts {

/// A run of changes of one batch.
struct Segment {
    std::shared_ptr<const ChangeBatch> batch;
    std::uint32_t begin;
    std::uint32_t end;
};

/// The raw form of an apply group: what it covers, before filter, route and merge.
struct GroupCut {
    std::vector<Segment> segments;
    bool ends_transaction = true;
    bool voids_open_transaction = false;  ///< see WriteGroup
    PositionPtr checkpoint;
    PositionPtr current;
    std::uint64_t changes = 0;
    std::uint64_t dropped_changes = 0;  ///< see WriteGroup
    std::uint64_t bytes = 0;
    std::int64_t commit_time_us = 0;
    CollectionCommandPtr command;  ///< nothing else is in the group then
};

class GroupBuilder {
  public:
    struct Limits {
        std::size_t changes = 16000;
        std::size_t bytes = 16 * 1024 * 1024;
        bool one_transaction = false;  ///< serial: each source transaction is a group of its own
    };
    explicit GroupBuilder(Limits limits) : limits_(limits) {}

    void add(ChangeBatchPtr batch);

    /// As much is collected as a group should hold: cut before adding more.
    bool is_full() const noexcept;

    /// The next group: whole transactions where there are any, a part of a large one where the
    /// limits are reached without a commit. Nothing while there is neither.
    std::optional<GroupCut> cut();

  private:
    struct Pending {
        std::shared_ptr<const ChangeBatch> batch;
        std::uint32_t next_change = 0;
        std::uint32_t end = 0;  ///< of its changes; fewer than it has where the rest was taken back
        std::size_t next_mark = 0;

        /// Does taking all of it end a cut?
        bool ends_with_definition() const noexcept {
            return batch->definition && end == batch->changes.size() && next_change < end;
        }
    };
    void drop_open_transaction();
    void drop_changes(std::size_t count);
    GroupCut take_whole_transactions();
    std::optional<GroupCut> take_part();

    Limits limits_;
    std::deque<Pending> pending_;
    std::size_t pending_changes_ = 0;
    std::size_t pending_bytes_ = 0;
    std::size_t pending_marks_ = 0;
    std::uint64_t dropped_changes_ = 0;  ///< of open transactions, not told by a cut yet
    bool part_taken_ = false;            ///< parts of the open transaction have been cut
    bool void_parts_ = false;            ///< and are to be rolled back
};

}  // namespace dts
