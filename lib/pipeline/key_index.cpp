#include "lib/pipeline/key_index.hpp"

#include <functional>
#include <string_view>

namespace dts {

namespace {

std::uint64_t mix(std::uint64_t h) noexcept {
    h ^= h >> 32;
    h *= 0x9E3779B97F4A7C15u;
    h ^= h >> 29;
    return h;
}

std::uint32_t hash_key(const std::vector<std::uint16_t>& key, const Value* row) noexcept {
    std::uint64_t h = 0;
    for (const std::uint16_t ordinal : key) {
        const Value& value = row[ordinal];
        const std::uint64_t part =
            value.is_view() ? std::hash<std::string_view>{}(value.as_view()) : value.as_uint64();
        h = mix(h ^ part ^ static_cast<std::uint64_t>(value.kind()) << 56);
    }
    return static_cast<std::uint32_t>(h ^ h >> 32);
}

}  // namespace

bool same_values(const std::vector<std::uint16_t>& ordinals, const Value* a,
                 const Value* b) noexcept {
    for (const std::uint16_t ordinal : ordinals) {
        if (!(a[ordinal] == b[ordinal])) return false;
    }
    return true;
}

std::pair<KeyIndex::Entry*, bool> KeyIndex::find_or_add(const TableBinding& binding,
                                                        const Value* row) {
    if (2 * (entries_.size() + 1) > slots_.size()) grow();
    const std::uint32_t hash = hash_key(binding.key, row);
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t slot = hash & mask;; slot = (slot + 1) & mask) {
        const std::uint32_t taken = slots_[slot];
        if (taken == 0) {
            entries_.push_back({row, nullptr, nullptr});
            hashes_.push_back(hash);
            slots_[slot] = static_cast<std::uint32_t>(entries_.size());
            return {&entries_.back(), true};
        }
        if (hashes_[taken - 1] == hash &&
            same_values(binding.key, entries_[taken - 1].key_row, row)) {
            return {&entries_[taken - 1], false};
        }
    }
}

void KeyIndex::clear() {
    entries_.clear();
    hashes_.clear();
    std::fill(slots_.begin(), slots_.end(), 0);
}

void KeyIndex::grow() {
    slots_.assign(std::max<std::size_t>(64, slots_.size() * 2), 0);
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = 0; i < hashes_.size(); ++i) {
        std::size_t slot = hashes_[i] & mask;
        while (slots_[slot] != 0) slot = (slot + 1) & mask;
        slots_[slot] = static_cast<std::uint32_t>(i + 1);
    }
}

}  // namespace dts
