// The rows that one apply group touches in one table, found by key: the memory of the merge. An
// open hash table over indexes, kept from group to group so that a steady stream allocates nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "lib/change/value.hpp"
#include "lib/sink/table_binding.hpp"

namespace dts {

class KeyIndex {
  public:
    struct Entry {
        const Value* key_row;  ///< an image whose key columns are this entry's key
        const Value*
            first_before;  ///< the row as the group found it; nullptr when the group inserted it
        const Value* last_after;  ///< the row as the group leaves it; nullptr when it removes it
    };

    /// The entry of the row's key, and whether it is new (then all but key_row is to be filled in).
    std::pair<Entry*, bool> find_or_add(const TableBinding& binding, const Value* row);

    /// In the order of first touch.
    const std::vector<Entry>& entries() const noexcept { return entries_; }
    void clear();

  private:
    void grow();

    std::vector<Entry> entries_;
    std::vector<std::uint32_t> hashes_;
    std::vector<std::uint32_t> slots_;  ///< index into entries_ plus one; 0: free
};

/// Are the values of these ordinals the same in both rows?
bool same_values(const std::vector<std::uint16_t>& ordinals, const Value* a,
                 const Value* b) noexcept;

}  // namespace dts
