// A place in a MySQL or MariaDB binlog: always the end of a whole transaction.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "lib/position/position.hpp"
#include "lib/position/position_codec.hpp"

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

/// Orders two binlog files of one server: by the number behind the last dot where the names before
/// it are the same (mysql-bin.999999 < mysql-bin.1000000), else unordered.
std::partial_ordering compare_binlog_files(std::string_view a, std::string_view b) noexcept;

std::unique_ptr<PositionCodec> mysql_codec();

}  // namespace dts
