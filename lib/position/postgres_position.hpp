// A place in a Postgres write-ahead log: the end of a transaction's commit record.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "lib/position/position.hpp"
#include "lib/position/position_codec.hpp"

namespace dts {

class PostgresPosition final : public Position {
  public:
    std::uint64_t lsn = 0;
    std::int64_t timestamp_ms = 0;  ///< the source's commit time, milliseconds since the epoch, UTC

    std::string_view type() const noexcept override { return "PgCdc"; }
    std::string to_json() const override;

    /// By LSN.
    std::partial_ordering compare(const Position& other) const noexcept override;
};

/// "0/406E2C30", as Postgres writes an LSN, and back; nothing when the text is none.
std::string lsn_text(std::uint64_t lsn);
std::optional<std::uint64_t> parse_lsn(std::string_view text) noexcept;

std::unique_ptr<PositionCodec> postgres_codec();

}  // namespace dts
