// A TABLE_MAP event: what the columns of the rows that follow look like on the wire, and, where the
// server runs with binlog_row_metadata=FULL, how they are named, signed, encoded and keyed.
// Views point into the event. Format: MySQL source documentation, Table_map_event.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "lib/base/byte_reader.hpp"

namespace dts {

/// Column types as they stand in a TABLE_MAP event.
enum class WireType : std::uint8_t {
    decimal_old = 0,
    tiny = 1,
    short_int = 2,
    long_int = 3,
    float32 = 4,
    float64 = 5,
    null = 6,
    timestamp = 7,
    long_long = 8,
    int24 = 9,
    date = 10,
    time = 11,
    datetime = 12,
    year = 13,
    new_date = 14,
    varchar = 15,
    bit = 16,
    timestamp2 = 17,
    datetime2 = 18,
    time2 = 19,
    typed_array = 20,
    mariadb_blob_compressed = 140,
    mariadb_varchar_compressed = 141,
    vector = 242,
    json = 245,
    decimal = 246,
    enumeration = 247,
    set = 248,
    tiny_blob = 249,
    medium_blob = 250,
    long_blob = 251,
    blob = 252,
    var_string = 253,
    string = 254,
    geometry = 255,
};

struct WireColumn {
    WireType type{};         ///< ENUM and SET as such, though they travel inside a STRING
    std::uint16_t meta = 0;  ///< varchar, string: most bytes; blob, json, geometry: bytes of the
                             ///< length; decimal: precision<<8|scale; bit: bits; times: digits of
                             ///< the fraction; enum, set: bytes
    bool nullable = true;
    bool is_unsigned = false;     ///< of the metadata, as all below
    std::uint32_t collation = 0;  ///< 0: not said
    std::string_view name;
    std::vector<std::string_view> labels;  ///< ENUM and SET, in the column's character set
};

struct TableMap {
    std::uint64_t table_id = 0;
    std::string_view schema;
    std::string_view table;
    std::vector<WireColumn> columns;
    bool has_signs = false;  ///< is_unsigned is known
    bool has_names = false;  ///< the metadata is FULL: names, collations and labels are known
    std::vector<std::uint16_t> primary_key;  ///< ordinals; with FULL metadata only
    bool primary_key_is_partial = false;
};

/// Whose lists of collations they are: MariaDB counts GEOMETRY among the character columns, MySQL
/// does not.
enum class Flavour : std::uint8_t { mysql, mariadb };

/// Parses the event's body. Throws Error{data} when it is short or its parts contradict: a list of
/// another length than it has columns would give every column behind the difference the wrong
/// meaning.
TableMap parse_table_map(Bytes body, Flavour flavour);

/// What identifies a table's map without parsing it whole.
struct TableMapKey {
    std::uint64_t table_id;
    std::string_view schema;
    std::string_view table;
    Bytes definition;  ///< all that follows the names
};
TableMapKey parse_table_map_key(Bytes body);

}  // namespace dts
