// Where a task stands in its source. A Position is immutable and opaque to everybody but its source
// and its codec; it travels as shared_ptr<const Position>.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace dts {

class Position {
  public:
    virtual ~Position() = default;

    /// The record's "type": "MysqlCdc", "PgCdc", ... Finds the codec in the registry.
    virtual std::string_view type() const noexcept = 0;

    /// The JSON of formats.md (docs: ARCHITECTURE.md, Formats), byte for byte, on one line.
    virtual std::string to_json() const = 0;

    /// Orders two positions of one source. Unordered: of different types, or two GTID sets that
    /// each lack what the other has.
    virtual std::partial_ordering compare(const Position& other) const noexcept = 0;
};

using PositionPtr = std::shared_ptr<const Position>;

}  // namespace dts
