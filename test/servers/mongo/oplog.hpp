// local.oplog.rs: entries in the order of their times, oldest first, and a number for each that is
// never given again. Forms: test/data/mongo/oplog_entries.json.
#pragma once

#include <deque>

#include "test/servers/mongo/store.hpp"

namespace standin {

inline constexpr const char* oplog_ns = "local.oplog.rs";

class Oplog {
  public:
    struct Entry {
        Timestamp time;
        Raw document;
    };

    void append(const Value& entry);
    /// Drops the oldest; at least one stays.
    void cut_to(std::size_t entries);

    bool empty() const { return entries_.empty(); }
    std::size_t size() const { return entries_.size(); }
    /// Numbers run from begin() to end(), that one excluded.
    std::uint64_t begin() const { return first_; }
    std::uint64_t end() const { return first_ + entries_.size(); }
    const Entry& at(std::uint64_t number) const { return entries_[number - first_]; }
    const Entry& newest() const { return entries_.back(); }
    const Entry& oldest() const { return entries_.front(); }
    /// The first entry of that time or later; end() when there is none.
    std::uint64_t lower_bound(Timestamp time) const;
    /// Null when there is none of exactly that time.
    const Entry* find(Timestamp time) const;
    /// Whether entries have been dropped since the set was made.
    bool was_cut() const { return first_ > 0; }

  private:
    std::deque<Entry> entries_;
    std::uint64_t first_ = 0;
};

}  // namespace standin
