// The positions of a batch's commit marks, made into PostgresPosition objects only when asked for.
#pragma once

#include <cstdint>
#include <vector>

#include "lib/change/change_batch.hpp"

namespace dts {

/// A place in the log and when its transaction committed, microseconds since the epoch.
struct WalPlace {
    std::uint64_t lsn = 0;
    std::int64_t time_us = 0;
};

PositionPtr make_postgres_position(const WalPlace& place);

class PostgresTrail final : public CommitTrail {
  public:
    void mark(const WalPlace& end) { marks_.push_back(end); }
    void replace_last_mark(const WalPlace& end) { marks_.back() = end; }
    /// Where reading stands; call before the batch leaves.
    void read_up_to(const WalPlace& place) { read_ = place; }

    PositionPtr after_commit(std::size_t mark) const override {
        return make_postgres_position(marks_.at(mark));
    }
    PositionPtr last_read() const override { return make_postgres_position(read_); }

  private:
    std::vector<WalPlace> marks_;
    WalPlace read_;
};

}  // namespace dts
