#include "lib/source/mysql/row_decoder.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <bit>

#include "lib/base/error.hpp"
#include "lib/source/mysql/decimal_text.hpp"
#include "lib/source/mysql/event_payload.hpp"
#include "lib/source/mysql/json_decoder.hpp"
#include "lib/source/mysql/temporal.hpp"

namespace dts {

namespace {

std::size_t read_length(ByteReader& reader, unsigned bytes) {
    switch (bytes) {
        case 1:
            return reader.u8();
        case 2:
            return reader.u16();
        case 3:
            return reader.u24();
        default:
            return reader.u32();
    }
}

std::int64_t read_int24(ByteReader& reader) {
    return static_cast<std::int32_t>(reader.u24() << 8) >> 8;
}

Value read_bits(ByteReader& reader, std::size_t bytes) {
    std::uint64_t value = 0;
    for (const std::byte byte : reader.take(bytes))
        value = value << 8 | std::to_integer<std::uint64_t>(byte);
    return Value::uint64(value);
}

Value read_bytes_as_number(ByteReader& reader, std::size_t bytes) {
    std::uint64_t value = 0;
    int shift = 0;
    for (const std::byte byte : reader.take(bytes)) {
        value |= std::to_integer<std::uint64_t>(byte) << shift;
        shift += 8;
    }
    return Value::uint64(value);
}

Value read_decimal(ByteReader& reader, const ColumnReader& column, Arena& arena) {
    char text[longest_decimal_text];
    const auto view =
        decimal_text(reader.take(column.bytes), column.precision, column.digits, text);
    return Value::view(ValueKind::decimal, arena.copy(view));
}

/// Fixed binary: what travels is without the zero bytes at its end.
Bytes read_padded(ByteReader& reader, const ColumnReader& column, Arena& arena) {
    const Bytes sent = reader.take(read_length(reader, column.length_bytes));
    if (sent.size() >= column.bytes) return sent;
    const auto whole = arena.allocate<std::byte>(column.bytes);
    if (!sent.empty()) std::memcpy(whole.data(), sent.data(), sent.size());
    std::memset(whole.data() + sent.size(), 0, whole.size() - sent.size());
    return whole;
}

Value read_json(ByteReader& reader, const ColumnReader& column, RowMemory memory) {
    memory.scratch.clear();
    append_json_text(reader.take(read_length(reader, column.length_bytes)), memory.scratch);
    return Value::view(ValueKind::json, memory.arena.copy(memory.scratch));
}

Value read_uuid(Bytes bytes, Arena& arena) {
    char text[36];
    char* out = text;
    for (std::size_t i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
        out = fmt::format_to(out, "{:02x}", std::to_integer<unsigned>(bytes[i]));
    }
    return Value::view(ValueKind::text, arena.copy({text, sizeof text}));
}

Value read_address(Bytes bytes, int family, Arena& arena) {
    char text[INET6_ADDRSTRLEN];
    ::inet_ntop(family, bytes.data(), text, sizeof text);
    return Value::view(ValueKind::text, arena.copy(text));
}

Value read_value(ByteReader& reader, const ColumnReader& column, RowMemory memory) {
    switch (column.op) {
        case ReadOp::int8:
            return Value::int64(static_cast<std::int8_t>(reader.u8()));
        case ReadOp::uint8:
            return Value::uint64(reader.u8());
        case ReadOp::int16:
            return Value::int64(static_cast<std::int16_t>(reader.u16()));
        case ReadOp::uint16:
            return Value::uint64(reader.u16());
        case ReadOp::int24:
            return Value::int64(read_int24(reader));
        case ReadOp::uint24:
            return Value::uint64(reader.u24());
        case ReadOp::int32:
            return Value::int64(static_cast<std::int32_t>(reader.u32()));
        case ReadOp::uint32:
            return Value::uint64(reader.u32());
        case ReadOp::int64:
            return Value::int64(static_cast<std::int64_t>(reader.u64()));
        case ReadOp::uint64:
            return Value::uint64(reader.u64());
        case ReadOp::float32:
            return Value::float32(std::bit_cast<float>(reader.u32()));
        case ReadOp::float64:
            return Value::float64(std::bit_cast<double>(reader.u64()));
        case ReadOp::decimal:
            return read_decimal(reader, column, memory.arena);
        case ReadOp::bits:
            return read_bits(reader, column.bytes);
        case ReadOp::bytes_as_number:
            return read_bytes_as_number(reader, column.bytes);
        case ReadOp::year:
            return read_year(reader);
        case ReadOp::date:
            return read_date(reader);
        case ReadOp::time2:
            return read_time2(reader, column.digits);
        case ReadOp::datetime2:
            return read_datetime2(reader, column.digits);
        case ReadOp::timestamp2:
            return read_timestamp2(reader, column.digits);
        case ReadOp::old_time:
            return read_old_time(reader);
        case ReadOp::old_datetime:
            return read_old_datetime(reader);
        case ReadOp::old_timestamp:
            return read_old_timestamp(reader);
        case ReadOp::hires_time:
            return read_hires_time(reader, column.digits);
        case ReadOp::hires_datetime:
            return read_hires_datetime(reader, column.digits);
        case ReadOp::hires_timestamp:
            return read_hires_timestamp(reader, column.digits);
        case ReadOp::view1:
            return Value::view(column.kind, reader.text(reader.u8()));
        case ReadOp::view2:
            return Value::view(column.kind, reader.text(reader.u16()));
        case ReadOp::viewn:
            return Value::view(column.kind, reader.text(read_length(reader, column.length_bytes)));
        case ReadOp::padded:
            return Value::view(column.kind, as_text(read_padded(reader, column, memory.arena)));
        case ReadOp::json:
            return read_json(reader, column, memory);
        case ReadOp::compressed:
            return Value::view(
                column.kind,
                as_text(uncompress_column(reader.take(read_length(reader, column.length_bytes)),
                                          memory.arena)));
        case ReadOp::uuid:
            return read_uuid(read_padded(reader, column, memory.arena), memory.arena);
        case ReadOp::inet4:
            return read_address(read_padded(reader, column, memory.arena), AF_INET, memory.arena);
        case ReadOp::inet6:
            return read_address(read_padded(reader, column, memory.arena), AF_INET6, memory.arena);
    }
    throw Error(ErrorKind::bug, "a column without a reader");
}

}  // namespace

ColumnSet::ColumnSet(ByteReader& reader, std::size_t count)
    : bitmap_(reader.take((count + 7) / 8)), count_(count), present_(0) {
    for (std::size_t i = 0; i < count; ++i) present_ += has(i) ? 1u : 0u;
}

Value* read_row(ByteReader& reader, const std::vector<ColumnReader>& columns,
                const ColumnSet& carried, RowMemory memory) {
    const std::size_t count = columns.size();
    const Bytes nulls = reader.take((carried.present() + 7) / 8);
    Value* values = memory.arena.allocate<Value>(count).data();
    const bool all = carried.all();
    std::size_t nth = 0;  // among the carried columns, which the NULL bits count
    for (std::size_t i = 0; i < count; ++i) {
        if (!all && !carried.has(i)) {
            values[i] = Value::of(ValueKind::absent);
            continue;
        }
        const bool is_null = (std::to_integer<unsigned>(nulls[nth / 8]) >> (nth % 8) & 1) != 0;
        values[i] = is_null ? Value::null() : read_value(reader, columns[i], memory);
        ++nth;
    }
    return values;
}

}  // namespace dts
