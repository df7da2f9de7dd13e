// A place in a MySQL or MariaDB binlog: always the end of a whole transaction.
#pragma once

#include <cstdint>
#include <string>

#include "lib/position/position.hpp"

namespace dts {

class MysqlPosition final : public Position {
  public:
    std::string server_id;
    std::string binlog_filename;
    std::uint64_t next_event_position = 0;  ///< offset of the next event in that file, 64 bits
    std::string gtid_set;  ///< not empty: this is the position, file and offset are information
    std::int64_t timestamp_ms = 0;  ///< the source's commit time, milliseconds since the epoch, UTC

    std::string_view type() const noexcept override { return "MysqlCdc"; }
    std::string to_json() const override;

    /// By GTID set where both have one, else by file (its number) and offset.
    std::partial_ordering compare(const Position& other) const noexcept override;
};

}  // namespace dts
