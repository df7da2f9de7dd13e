#include "lib/position/postgres_position.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "lib/base/clock_text.hpp"
#include "lib/position/record_json.hpp"

namespace dts {

namespace {

std::optional<std::uint64_t> parse_half(std::string_view text) noexcept {
    std::uint32_t half = 0;
    const auto* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, half, 16);
    if (text.size() > 8 || parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    return half;
}

class PostgresCodec final : public PositionCodec {
  public:
    std::string_view type() const noexcept override { return "PgCdc"; }

    PositionPtr decode(std::string_view json) const override {
        RecordFields fields(json, type());
        const auto lsn = parse_lsn(fields.take_text("lsn"));
        if (!lsn || *lsn == 0 || *lsn == std::numeric_limits<std::uint64_t>::max())
            fields.fail("\"lsn\" is not one like \"0/406E2C30\"");
        auto position = std::make_shared<PostgresPosition>();
        position->lsn = *lsn;
        position->timestamp_ms = fields.take_timestamp_ms("timestamp");
        fields.finish();
        return position;
    }
};

}  // namespace

std::string PostgresPosition::to_json() const {
    return fmt::format(R"({{"type":"PgCdc","lsn":"{}","timestamp":"{}"}})", lsn_text(lsn),
                       millisecond_text(timestamp_ms));
}

std::partial_ordering PostgresPosition::compare(const Position& other) const noexcept {
    const auto* that = dynamic_cast<const PostgresPosition*>(&other);
    if (that == nullptr) return std::partial_ordering::unordered;
    return lsn <=> that->lsn;
}

std::string lsn_text(std::uint64_t lsn) {
    return fmt::format("{:X}/{:X}", lsn >> 32, lsn & 0xffffffff);
}

std::optional<std::uint64_t> parse_lsn(std::string_view text) noexcept {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto high = parse_half(text.substr(0, slash));
    const auto low = parse_half(text.substr(slash + 1));
    if (!high || !low) return std::nullopt;
    return *high << 32 | *low;
}

std::unique_ptr<PositionCodec> postgres_codec() {
    return std::make_unique<PostgresCodec>();
}

}  // namespace dts
