#include "lib/source/mysql/column_reader.hpp"

#include <fmt/format.h>

#include "lib/base/error.hpp"
#include "lib/source/mysql/decimal_text.hpp"

namespace dts {

namespace {

bool is_string(WireType type) {
    switch (type) {
        case WireType::string:
        case WireType::var_string:
        case WireType::varchar:
        case WireType::blob:
        case WireType::tiny_blob:
        case WireType::medium_blob:
        case WireType::long_blob:
        case WireType::mariadb_blob_compressed:
        case WireType::mariadb_varchar_compressed:
            return true;
        default:
            return false;
    }
}

bool is_mariadb_fixed_type(std::string_view data_type) {
    return data_type == "uuid" || data_type == "inet4" || data_type == "inet6";
}

ReadOp integer_op(WireType type, bool is_unsigned) {
    switch (type) {
        case WireType::tiny:
            return is_unsigned ? ReadOp::uint8 : ReadOp::int8;
        case WireType::short_int:
            return is_unsigned ? ReadOp::uint16 : ReadOp::int16;
        case WireType::int24:
            return is_unsigned ? ReadOp::uint24 : ReadOp::int24;
        case WireType::long_int:
            return is_unsigned ? ReadOp::uint32 : ReadOp::int32;
        default:
            return is_unsigned ? ReadOp::uint64 : ReadOp::int64;
    }
}

ReadOp view_op(std::uint8_t length_bytes) {
    return length_bytes == 1 ? ReadOp::view1 : length_bytes == 2 ? ReadOp::view2 : ReadOp::viewn;
}

/// Dates and times with a fraction; at most six digits, whatever the event says.
ColumnReader temporal_reader(ReadOp op, unsigned digits) {
    if (digits > 6) throw Error(ErrorKind::data, fmt::format("a time with {} digits", digits));
    ColumnReader reader;
    reader.op = op;
    reader.digits = static_cast<std::uint8_t>(digits);
    return reader;
}

ColumnReader number_reader(ReadOp op, unsigned bytes) {
    if (bytes == 0 || bytes > 8)
        throw Error(ErrorKind::data, fmt::format("a BIT, ENUM or SET of {} bytes", bytes));
    ColumnReader reader;
    reader.op = op;
    reader.bytes = static_cast<std::uint16_t>(bytes);
    return reader;
}

ColumnReader decimal_reader(std::uint16_t meta) {
    ColumnReader reader;
    reader.op = ReadOp::decimal;
    reader.precision = static_cast<std::uint8_t>(meta >> 8);
    reader.digits = static_cast<std::uint8_t>(meta & 0xFF);
    reader.bytes = static_cast<std::uint16_t>(decimal_bytes(reader.precision, reader.digits));
    return reader;
}

ColumnReader string_reader(const WireColumn& wire, const Column& column,
                           std::string_view data_type) {
    ColumnReader reader;
    reader.kind = column.type == ColumnType::text ? ValueKind::text : ValueKind::bytes;
    switch (wire.type) {
        case WireType::string:
        case WireType::varchar:
        case WireType::var_string:
        case WireType::mariadb_varchar_compressed:
            reader.length_bytes = wire.meta > 255 ? 2 : 1;
            break;
        default:
            reader.length_bytes = static_cast<std::uint8_t>(wire.meta);
            if (wire.meta < 1 || wire.meta > 4)
                throw Error(ErrorKind::data,
                            fmt::format("a BLOB with a length of {} bytes", wire.meta));
    }
    reader.op = view_op(reader.length_bytes);
    if (wire.type == WireType::mariadb_varchar_compressed ||
        wire.type == WireType::mariadb_blob_compressed) {
        reader.op = ReadOp::compressed;
    } else if (wire.type == WireType::string && is_mariadb_fixed_type(data_type)) {
        reader.op = data_type == "uuid"    ? ReadOp::uuid
                    : data_type == "inet4" ? ReadOp::inet4
                                           : ReadOp::inet6;
        reader.bytes = wire.meta;
    } else if (wire.type == WireType::string && reader.kind == ValueKind::bytes) {
        reader.op = ReadOp::padded;
        reader.bytes = wire.meta;
    } else if (column.type == ColumnType::json) {
        reader.op = ReadOp::json;
    }
    return reader;
}

/// The bytes of a BLOB's or TEXT's length in front of its value.
unsigned length_bytes_of(std::string_view data_type) {
    if (data_type.starts_with("tiny")) return 1;
    if (data_type.starts_with("medium")) return 3;
    return data_type.starts_with("long") ? 4 : 2;
}

bool fits_string(const WireColumn& wire, const Column& column, std::string_view data_type,
                 std::uint64_t octets) {
    if (wire.collation != 0 &&
        (wire.collation == binary_collation) != (column.type == ColumnType::bytes))
        return false;
    const bool is_fixed = data_type == "char" || data_type == "binary";
    const bool is_varying = data_type == "varchar" || data_type == "varbinary";
    switch (wire.type) {
        case WireType::string:
            return is_fixed && (octets == 0 || wire.meta == octets);
        case WireType::varchar:
            return is_varying && (octets == 0 || wire.meta == octets);
        case WireType::var_string:
        case WireType::mariadb_varchar_compressed:  // counts a byte of its own
            return is_varying;
        default:
            return !is_fixed && !is_varying && wire.meta == length_bytes_of(data_type);
    }
}

unsigned set_bytes(std::size_t labels) {
    const auto bytes = static_cast<unsigned>((labels + 7) / 8);
    return bytes > 4 ? 8 : bytes;
}

bool fits_digits(const WireColumn& wire, const Column& column) {
    switch (wire.type) {
        case WireType::decimal:
            return wire.meta == (unsigned{column.precision} << 8 | column.scale);
        case WireType::bit:
            return wire.meta == column.length;
        case WireType::time2:
        case WireType::datetime2:
        case WireType::timestamp2:
            return wire.meta == column.scale;
        case WireType::enumeration:
            return wire.meta == (column.labels.size() < 256 ? 1 : 2);
        case WireType::set:
            return wire.meta == set_bytes(column.labels.size());
        default:
            return true;
    }
}

}  // namespace

std::optional<ColumnType> column_type_of(const WireColumn& wire) {
    switch (wire.type) {
        case WireType::tiny:
            return ColumnType::int8;
        case WireType::short_int:
            return ColumnType::int16;
        case WireType::int24:
            return ColumnType::int24;
        case WireType::long_int:
            return ColumnType::int32;
        case WireType::long_long:
            return ColumnType::int64;
        case WireType::float32:
            return ColumnType::float32;
        case WireType::float64:
            return ColumnType::float64;
        case WireType::decimal:
            return ColumnType::decimal;
        case WireType::bit:
            return ColumnType::bit;
        case WireType::year:
            return ColumnType::year;
        case WireType::date:
        case WireType::new_date:
            return ColumnType::date;
        case WireType::time:
        case WireType::time2:
            return ColumnType::time;
        case WireType::datetime:
        case WireType::datetime2:
            return ColumnType::datetime;
        case WireType::timestamp:
        case WireType::timestamp2:
            return ColumnType::timestamp;
        case WireType::json:
            return ColumnType::json;
        case WireType::enumeration:
            return ColumnType::enumeration;
        case WireType::set:
            return ColumnType::set;
        case WireType::geometry:
            return ColumnType::geometry;
        case WireType::vector:
            return ColumnType::bytes;
        default:
            if (!is_string(wire.type)) return std::nullopt;
            return wire.collation == binary_collation ? ColumnType::bytes : ColumnType::text;
    }
}

bool fits(const WireColumn& wire, const Column& column, std::string_view data_type,
          std::uint64_t octets) {
    if (is_mariadb_fixed_type(data_type))
        return wire.type == WireType::string && wire.meta == (data_type == "inet4" ? 4 : 16);
    if (data_type == "vector") return wire.type == WireType::vector || is_string(wire.type);
    if (column.type == ColumnType::text || column.type == ColumnType::bytes)
        return is_string(wire.type) && fits_string(wire, column, data_type, octets);
    return column_type_of(wire) == column.type && fits_digits(wire, column);
}

ColumnReader make_column_reader(const WireColumn& wire, const Column& column,
                                std::string_view data_type) {
    const bool old_fraction = column.scale > 0;  // MariaDB's older formats do not say it themselves
    switch (wire.type) {
        case WireType::tiny:
        case WireType::short_int:
        case WireType::int24:
        case WireType::long_int:
        case WireType::long_long:
            return {.op = integer_op(wire.type, column.is_unsigned)};
        case WireType::float32:
            return {.op = ReadOp::float32};
        case WireType::float64:
            return {.op = ReadOp::float64};
        case WireType::decimal:
            return decimal_reader(wire.meta);
        case WireType::bit:
            return number_reader(ReadOp::bits, (wire.meta + 7u) / 8);
        case WireType::enumeration:
        case WireType::set:
            return number_reader(ReadOp::bytes_as_number, wire.meta);
        case WireType::year:
            return {.op = ReadOp::year};
        case WireType::date:
        case WireType::new_date:
            return {.op = ReadOp::date};
        case WireType::time2:
            return temporal_reader(ReadOp::time2, wire.meta);
        case WireType::datetime2:
            return temporal_reader(ReadOp::datetime2, wire.meta);
        case WireType::timestamp2:
            return temporal_reader(ReadOp::timestamp2, wire.meta);
        case WireType::time:
            return temporal_reader(old_fraction ? ReadOp::hires_time : ReadOp::old_time,
                                   column.scale);
        case WireType::datetime:
            return temporal_reader(old_fraction ? ReadOp::hires_datetime : ReadOp::old_datetime,
                                   column.scale);
        case WireType::timestamp:
            return temporal_reader(old_fraction ? ReadOp::hires_timestamp : ReadOp::old_timestamp,
                                   column.scale);
        default:
            return string_reader(wire, column, data_type);
    }
}

}  // namespace dts
