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
    /// op_log: the entry's own number within its second, which makes the place exact. Not in the
    /// logs' records, whose form has no room for it: only a checkpoint in the target keeps it
    /// (to_exact_json). 0: not known, the second is replayed.
    std::uint32_t increment = 0;
    std::int64_t timestamp_ms = 0;  ///< milliseconds since the epoch, UTC

    std::string_view type() const noexcept override { return "MongoCdc"; }
    std::string to_json() const override;
    /// The same, and "increment" where it is known.
    std::string to_exact_json() const;

    /// By operation time; within one second by the tokens' key strings or by the increments where
    /// both have them, and unordered where only one has a token.
    std::partial_ordering compare(const Position& other) const noexcept override;
};

std::unique_ptr<PositionCodec> mongo_codec();

}  // namespace dts
