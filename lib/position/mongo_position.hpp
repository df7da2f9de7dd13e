// A place in a MongoDB oplog or change stream. With a resume token the token is the place; without
// one it is the second operation_time, which is replayed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "lib/position/position.hpp"
#include "lib/position/position_codec.hpp"

namespace dts {

class MongoPosition final : public Position {
  public:
    std::string resume_token;          ///< the token's JSON text; empty: op_log
    std::uint32_t operation_time = 0;  ///< cluster time, whole seconds since the epoch
    std::int64_t timestamp_ms = 0;     ///< milliseconds since the epoch, UTC

    std::string_view type() const noexcept override { return "MongoCdc"; }
    std::string to_json() const override;

    /// By operation time; within one second by the tokens' key strings, and unordered where only
    /// one has a token.
    std::partial_ordering compare(const Position& other) const noexcept override;
};

std::unique_ptr<PositionCodec> mongo_codec();

}  // namespace dts
