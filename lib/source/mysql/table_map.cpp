#include "lib/source/mysql/table_map.hpp"

#include <fmt/format.h>

#include "lib/base/error.hpp"
#include "lib/source/mysql/binlog_event.hpp"

namespace dts {

namespace {

constexpr std::size_t most_columns = 4096;

bool bit_of(Bytes bitmap, std::size_t i) {
    return (std::to_integer<unsigned>(bitmap[i / 8]) >> (i % 8) & 1) != 0;
}

/// The metadata counts bits from the highest down.
bool bit_from_top(Bytes bitmap, std::size_t i) {
    return i / 8 < bitmap.size() &&
           (std::to_integer<unsigned>(bitmap[i / 8]) >> (7 - i % 8) & 1) != 0;
}

/// What the bits of signedness count; YEAR is one of them, BIT is not.
bool is_numeric(WireType type) {
    switch (type) {
        case WireType::year:
        case WireType::tiny:
        case WireType::short_int:
        case WireType::int24:
        case WireType::long_int:
        case WireType::long_long:
        case WireType::decimal:
        case WireType::float32:
        case WireType::float64:
            return true;
        default:
            return false;
    }
}

/// What the lists of collations count.
bool is_character(WireType type, Flavour flavour) {
    switch (type) {
        case WireType::string:
        case WireType::var_string:
        case WireType::varchar:
        case WireType::blob:
        case WireType::vector:
        case WireType::mariadb_blob_compressed:
        case WireType::mariadb_varchar_compressed:
            return true;
        case WireType::geometry:
            return flavour == Flavour::mariadb;
        default:
            return false;
    }
}

bool is_labelled(WireType type) {
    return type == WireType::enumeration || type == WireType::set;
}

/// CHAR, BINARY, ENUM and SET share a type: the first byte holds the real one, and for strings of
/// 256 bytes and more two bits of the length, inverted.
void read_string_meta(ByteReader& meta, WireColumn& column) {
    const unsigned first = meta.u8();
    const unsigned second = meta.u8();
    if ((first & 0x30) != 0x30) {
        column.type = static_cast<WireType>(first | 0x30);
        column.meta = static_cast<std::uint16_t>(second | ((first & 0x30) ^ 0x30) << 4);
    } else {
        column.type = static_cast<WireType>(first);
        column.meta = static_cast<std::uint16_t>(second);
    }
    if (column.type != WireType::string && !is_labelled(column.type))
        throw Error(ErrorKind::data, fmt::format("a string column of the unknown real type {}",
                                                 static_cast<unsigned>(column.type)));
}

void read_column_meta(ByteReader& meta, WireColumn& column) {
    switch (column.type) {
        case WireType::string:
            return read_string_meta(meta, column);
        case WireType::varchar:
        case WireType::var_string:
        case WireType::mariadb_varchar_compressed:
            column.meta = meta.u16();
            return;
        case WireType::decimal: {
            const unsigned precision = meta.u8();
            column.meta = static_cast<std::uint16_t>(precision << 8 | meta.u8());
            return;
        }
        case WireType::bit: {
            const unsigned bits = meta.u8();
            column.meta = static_cast<std::uint16_t>(bits + meta.u8() * 8u);
            return;
        }
        case WireType::float32:
        case WireType::float64:
        case WireType::blob:
        case WireType::tiny_blob:
        case WireType::medium_blob:
        case WireType::long_blob:
        case WireType::mariadb_blob_compressed:
        case WireType::json:
        case WireType::geometry:
        case WireType::vector:
        case WireType::timestamp2:
        case WireType::datetime2:
        case WireType::time2:
            column.meta = meta.u8();
            return;
        case WireType::enumeration:
        case WireType::set:
            meta.skip(1);  // the real type, known
            column.meta = meta.u8();
            return;
        default:
            return;
    }
}

/// The columns of one class in order, as the metadata lists them.
template <typename Predicate>
std::vector<WireColumn*> members(TableMap& map, Predicate belongs) {
    std::vector<WireColumn*> result;
    for (auto& column : map.columns) {
        if (belongs(column)) result.push_back(&column);
    }
    return result;
}

using Members = std::vector<WireColumn*>;

void require_length(std::string_view list, std::size_t length, std::size_t expected) {
    if (length == expected) return;
    throw Error(ErrorKind::data,
                fmt::format("the table map's list of {} has {} entries for {} columns", list,
                            length, expected));
}

void read_signs(Bytes value, const Members& columns) {
    require_length("signs (in bytes)", value.size(), (columns.size() + 7) / 8);
    for (std::size_t i = 0; i < columns.size(); ++i)
        columns[i]->is_unsigned = bit_from_top(value, i);
}

void read_names(Bytes value, TableMap& map) {
    ByteReader reader(value);
    for (auto& column : map.columns) column.name = reader.text(read_packed(reader));
    if (!reader.empty())
        throw Error(ErrorKind::data, "the table map names more columns than it has");
    map.has_names = true;
}

void read_collations(Bytes value, const Members& columns) {
    ByteReader reader(value);
    std::size_t count = 0;
    for (; !reader.empty(); ++count) {
        const auto collation = static_cast<std::uint32_t>(read_packed(reader));
        if (count < columns.size()) columns[count]->collation = collation;
    }
    require_length("collations", count, columns.size());
}

/// A collation for all columns of the class, then the exceptions: (ordinal in the class,
/// collation).
void read_default_collation(Bytes value, const Members& columns) {
    ByteReader reader(value);
    const auto usual = static_cast<std::uint32_t>(read_packed(reader));
    for (auto* column : columns) column->collation = usual;
    while (!reader.empty()) {
        const auto i = read_packed(reader);
        const auto collation = static_cast<std::uint32_t>(read_packed(reader));
        if (i >= columns.size())
            throw Error(ErrorKind::data, "a collation for a column the table does not have");
        columns[i]->collation = collation;
    }
}

void read_labels(Bytes value, const Members& columns) {
    ByteReader reader(value);
    std::size_t lists = 0;
    for (; !reader.empty(); ++lists) {
        for (std::uint64_t count = read_packed(reader); count > 0; --count) {
            const auto label = reader.text(read_packed(reader));
            if (lists < columns.size()) columns[lists]->labels.push_back(label);
        }
    }
    require_length("labels", lists, columns.size());
}

void read_primary_key(Bytes value, TableMap& map, bool with_prefixes) {
    ByteReader reader(value);
    while (!reader.empty()) {
        const auto ordinal = read_packed(reader);
        if (ordinal >= map.columns.size())
            throw Error(ErrorKind::data, "a primary key over a column the table does not have");
        map.primary_key.push_back(static_cast<std::uint16_t>(ordinal));
        if (with_prefixes && read_packed(reader) != 0) map.primary_key_is_partial = true;
    }
}

void read_optional_metadata(ByteReader& reader, TableMap& map, Flavour flavour) {
    enum Field {
        signedness = 1,
        default_charset = 2,
        column_charset = 3,
        column_name = 4,
        set_labels = 5,
        enum_labels = 6,
        simple_primary_key = 8,
        primary_key_with_prefix = 9,
        labelled_default_charset = 10,
        labelled_column_charset = 11,
    };
    const auto numeric = [](const WireColumn& c) { return is_numeric(c.type); };
    const auto character = [&](const WireColumn& c) { return is_character(c.type, flavour); };
    const auto labelled = [](const WireColumn& c) { return is_labelled(c.type); };
    const auto of_type = [](WireType type) {
        return [type](const WireColumn& c) { return c.type == type; };
    };
    while (!reader.empty()) {
        const std::uint8_t field = reader.u8();
        const Bytes value = reader.take(read_packed(reader));
        switch (field) {
            case signedness:
                read_signs(value, members(map, numeric));
                map.has_signs = true;
                break;
            case default_charset:
                read_default_collation(value, members(map, character));
                break;
            case column_charset:
                read_collations(value, members(map, character));
                break;
            case column_name:
                read_names(value, map);
                break;
            case set_labels:
                read_labels(value, members(map, of_type(WireType::set)));
                break;
            case enum_labels:
                read_labels(value, members(map, of_type(WireType::enumeration)));
                break;
            case simple_primary_key:
                read_primary_key(value, map, false);
                break;
            case primary_key_with_prefix:
                read_primary_key(value, map, true);
                break;
            case labelled_default_charset:
                read_default_collation(value, members(map, labelled));
                break;
            case labelled_column_charset:
                read_collations(value, members(map, labelled));
                break;
            default:
                break;
        }
    }
}

}  // namespace

TableMapKey parse_table_map_key(Bytes body) {
    ByteReader reader(body);
    TableMapKey key;
    key.table_id = reader.u48();
    reader.skip(2);  // flags
    key.schema = reader.text(reader.u8());
    reader.skip(1);
    key.table = reader.text(reader.u8());
    reader.skip(1);
    key.definition = reader.rest();
    return key;
}

TableMap parse_table_map(Bytes body, Flavour flavour) {
    const TableMapKey key = parse_table_map_key(body);
    TableMap map;
    map.table_id = key.table_id;
    map.schema = key.schema;
    map.table = key.table;
    ByteReader reader(key.definition);
    const auto count = read_packed(reader);
    if (count > most_columns)
        throw Error(ErrorKind::data, fmt::format("a table map of {} columns", count));
    map.columns.resize(count);
    for (auto& column : map.columns) column.type = static_cast<WireType>(reader.u8());
    ByteReader meta(reader.take(read_packed(reader)));
    for (auto& column : map.columns) read_column_meta(meta, column);
    const Bytes nullable = reader.take((count + 7) / 8);
    for (std::size_t i = 0; i < count; ++i) map.columns[i].nullable = bit_of(nullable, i);
    read_optional_metadata(reader, map, flavour);
    return map;
}

}  // namespace dts
