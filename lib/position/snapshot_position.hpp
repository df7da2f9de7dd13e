// How far the copy of one table got, and that it is done. A table is named by database type, schema
// and table; values are texts, so two places within a table have no order that is known here.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/position/position.hpp"
#include "lib/position/position_codec.hpp"

namespace dts {

struct SnapshotTable {
    std::string db_type;  ///< mysql, pg or mongo
    std::string schema;
    std::string tb;

    auto operator<=>(const SnapshotTable&) const = default;
};

/// How the record spells its order key: a plain column is "order_col" and "value"; the others are
/// "order_key". `single` is read only: it names its column whether or not that is the table's key.
enum class OrderForm : std::uint8_t { column, single, composite };

struct OrderColumn {
    std::string name;
    std::optional<std::string> value;  ///< nothing: NULL (order_key only)

    bool operator==(const OrderColumn&) const = default;
};

class SnapshotPosition final : public Position {
  public:
    SnapshotTable table;
    OrderForm form = OrderForm::column;
    std::vector<OrderColumn> order;  ///< one, or several for a composite key; never empty

    std::string_view type() const noexcept override { return "RdbSnapshot"; }
    std::string to_json() const override;

    /// Equivalent or unordered.
    std::partial_ordering compare(const Position& other) const noexcept override;
};

class SnapshotFinishedPosition final : public Position {
  public:
    SnapshotTable table;

    std::string_view type() const noexcept override { return "RdbSnapshotFinished"; }
    std::string to_json() const override;
    std::partial_ordering compare(const Position& other) const noexcept override;
};

std::unique_ptr<PositionCodec> snapshot_codec();
std::unique_ptr<PositionCodec> snapshot_finished_codec();

}  // namespace dts
