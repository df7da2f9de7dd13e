#include "lib/position/no_position.hpp"

#include "lib/position/record_json.hpp"

namespace dts {

namespace {

class NoPositionCodec final : public PositionCodec {
  public:
    std::string_view type() const noexcept override { return "None"; }

    PositionPtr decode(std::string_view json) const override {
        RecordFields(json, type()).finish();
        return std::make_shared<NoPosition>();
    }
};

}  // namespace

std::partial_ordering NoPosition::compare(const Position& other) const noexcept {
    return other.type() == type() ? std::partial_ordering::equivalent
                                  : std::partial_ordering::unordered;
}

std::unique_ptr<PositionCodec> no_position_codec() {
    return std::make_unique<NoPositionCodec>();
}

}  // namespace dts
