#include "test/servers/mongo/oplog.hpp"

#include <algorithm>

namespace standin {

void Oplog::append(const Value& entry) {
    entries_.push_back({entry.find("ts")->time(), raw_of(entry)});
}

void Oplog::cut_to(std::size_t entries) {
    while (entries_.size() > std::max<std::size_t>(entries, 1)) {
        entries_.pop_front();
        ++first_;
    }
}

std::uint64_t Oplog::lower_bound(Timestamp time) const {
    const auto found =
        std::lower_bound(entries_.begin(), entries_.end(), time,
                         [](const Entry& entry, Timestamp wanted) { return entry.time < wanted; });
    return first_ + static_cast<std::uint64_t>(found - entries_.begin());
}

const Oplog::Entry* Oplog::find(Timestamp time) const {
    const auto number = lower_bound(time);
    return number < end() && at(number).time == time ? &at(number) : nullptr;
}

}  // namespace standin
