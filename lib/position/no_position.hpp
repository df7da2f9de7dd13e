// {"type":"None"}: there is no position yet.
#pragma once

#include <memory>

#include "lib/position/position.hpp"
#include "lib/position/position_codec.hpp"

namespace dts {

class NoPosition final : public Position {
  public:
    std::string_view type() const noexcept override { return "None"; }
    std::string to_json() const override { return R"({"type":"None"})"; }
    std::partial_ordering compare(const Position& other) const noexcept override;
};

std::unique_ptr<PositionCodec> no_position_codec();

}  // namespace dts
