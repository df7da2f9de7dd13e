// Rows of a binlog event to Values. For each table a reader per column is compiled once: decoding
// is then one switch on a small code, and strings stay where the network put them.
// Everything read is bounds-checked: bytes that do not fit the columns throw Error{data}.
#pragma once

#include <string>
#include <vector>

#include "lib/base/arena.hpp"
#include "lib/base/byte_reader.hpp"
#include "lib/change/change_batch.hpp"

namespace dts {

/// How a column's bytes become a Value.
enum class ReadOp : std::uint8_t {
    int8,
    uint8,
    int16,
    uint16,
    int24,
    uint24,
    int32,
    uint32,
    int64,
    uint64,
    float32,
    float64,
    decimal,
    bits,             ///< BIT: big-endian
    bytes_as_number,  ///< ENUM and SET: little-endian
    year,
    date,
    time2,
    datetime2,
    timestamp2,
    old_time,
    old_datetime,
    old_timestamp,
    hires_time,
    hires_datetime,
    hires_timestamp,
    view1,  ///< a view of bytes behind a length of 1, 2, or (viewn) up to 4 bytes
    view2,
    viewn,
    padded,  ///< BINARY(n): zero bytes at the end do not travel
    json,
    compressed,  ///< MariaDB's COMPRESSED columns
    uuid,
    inet4,
    inet6,
};

struct ColumnReader {
    ReadOp op{};
    std::uint8_t length_bytes = 0;     ///< of the length in front of the value
    ValueKind kind = ValueKind::text;  ///< of views
    std::uint8_t digits = 0;           ///< of a fraction; decimal: behind the point
    std::uint8_t precision = 0;        ///< decimal
    std::uint16_t bytes = 0;           ///< of the value, where that is fixed
};

/// Memory that rows are decoded into: the batch's arena, and a buffer that is reused.
struct RowMemory {
    Arena& arena;
    std::string& scratch;
};

/// Which columns an image carries.
class ColumnSet {
  public:
    /// Reads a bitmap of `count` columns from the front.
    ColumnSet(ByteReader& reader, std::size_t count);
    bool all() const noexcept { return present_ == count_; }
    std::size_t present() const noexcept { return present_; }
    bool has(std::size_t i) const noexcept {
        return (std::to_integer<unsigned>(bitmap_[i / 8]) >> (i % 8) & 1) != 0;
    }

  private:
    Bytes bitmap_;
    std::size_t count_;
    std::size_t present_;
};

/// Reads one row image from the front; one value for each reader, absent where the image does not
/// carry the column. Valid as long as the arena and the bytes read from.
Value* read_row(ByteReader& reader, const std::vector<ColumnReader>& columns,
                const ColumnSet& carried, RowMemory memory);

}  // namespace dts
