// What the binlog tests share: a catalog without a server, events made byte by byte, real binlog
// files replayed, and batches as text.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>
#include <zlib.h>

#include "lib/position/mysql_position.hpp"
#include "lib/source/mysql/binlog_cursor.hpp"
#include "lib/source/mysql/event_payload.hpp"
#include "lib/source/mysql/transaction_decoder.hpp"

namespace dts::test {

inline Bytes bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

/// "0a ff" to the two bytes.
inline std::string unhex(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size();) {
        if (hex[i] == ' ') {
            ++i;
            continue;
        }
        bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
        i += 2;
    }
    return bytes;
}

class FakeCatalog final : public TableCatalog {
  public:
    std::map<std::string, TableDefinition> tables;  ///< by "schema.table"
    bool mariadb = false;
    int asked = 0;

    std::optional<TableDefinition> find(std::string_view schema, std::string_view table) override {
        ++asked;
        const auto found = tables.find(fmt::format("{}.{}", schema, table));
        if (found == tables.end()) return std::nullopt;
        return found->second;
    }
    std::string charset_of(std::uint32_t collation) override {
        return collation == 8 ? "latin1" : collation == 63 ? "binary" : "utf8mb4";
    }
    std::string to_utf8(std::string_view text, std::string_view) override {
        return std::string(text);
    }
    bool is_mariadb() override { return mariadb; }

    /// A table of columns "name type", the first of them the primary key.
    void add(const std::string& schema, const std::string& table,
             const std::vector<std::pair<std::string, std::string>>& columns) {
        TableDefinition definition;
        definition.schema.schema = schema;
        definition.schema.table = table;
        for (const auto& [name, type] : columns) {
            Column column;
            column.name = name;
            column.type = type == "int"      ? ColumnType::int32
                          : type == "bigint" ? ColumnType::int64
                                             : ColumnType::text;
            column.charset = column.type == ColumnType::text ? "utf8mb4" : "";
            definition.schema.columns.push_back(column);
            definition.data_types.push_back(type);
        }
        definition.schema.unique_keys.push_back({"PRIMARY", {0}, false, false});
        definition.schema.has_primary_key = true;
        tables[schema + "." + table] = definition;
    }
};

template <std::size_t N>
std::string little(std::uint64_t value) {
    std::string bytes;
    for (std::size_t i = 0; i < N; ++i)
        bytes += i < 8 ? static_cast<char>(value >> (8 * i) & 0xFF) : '\0';
    return bytes;
}

/// Makes the events of one file, positions and checksums included.
class EventBuilder {
  public:
    explicit EventBuilder(std::uint64_t offset = 4) : offset_(offset) {}

    std::uint64_t offset() const { return offset_; }
    void jump(std::uint64_t offset) { offset_ = offset; }

    std::string event(EventType type, const std::string& body, std::uint16_t flags = 0,
                      std::uint32_t timestamp = 1'700'000'000) {
        const bool artificial = (flags & EventHeader::flag_artificial) != 0;
        const std::size_t length = EventHeader::bytes + body.size() + 4;
        if (!artificial) offset_ += length;
        std::string raw = little<4>(timestamp) + little<1>(static_cast<std::uint8_t>(type)) +
                          little<4>(1) + little<4>(length) +
                          little<4>(artificial ? 0 : offset_ & 0xFFFFFFFF) + little<2>(flags) +
                          body;
        const auto crc =
            ::crc32(0, reinterpret_cast<const Bytef*>(raw.data()), static_cast<uInt>(raw.size()));
        return raw + little<4>(crc);
    }

    std::string format() {
        std::string lengths(41, '\0');
        for (std::size_t i = 23; i <= 25; ++i) lengths[i - 1] = 8;
        for (std::size_t i = 30; i <= 32; ++i) lengths[i - 1] = 10;
        std::string body = little<2>(4) + std::string(50, 'v') + little<4>(0) + little<1>(19);
        body += lengths + little<1>(1);
        return event(EventType::format_description, body);
    }
    std::string rotate(const std::string& file, std::uint64_t position, bool artificial = false) {
        return event(EventType::rotate, little<8>(position) + file,
                     artificial ? EventHeader::flag_artificial : 0, 0);
    }
    std::string query(const std::string& sql, const std::string& schema = "db") {
        return event(EventType::query, little<8>(0) + little<1>(schema.size()) + little<2>(0) +
                                           little<2>(0) + schema + '\0' + sql);
    }
    std::string xid() { return event(EventType::xid, little<8>(7)); }
    std::string gtid(std::uint64_t number, std::int64_t time_us = 0) {
        return event(EventType::gtid, std::string(1, '\0') + std::string(16, '\x11') +
                                          little<8>(number) + little<1>(2) + little<16>(0) +
                                          little<7>(static_cast<std::uint64_t>(time_us)));
    }
    std::string mariadb_gtid(std::uint64_t number, std::uint8_t flags = 0) {
        return event(EventType::mariadb_gtid,
                     little<8>(number) + little<4>(0) + little<1>(flags) + little<6>(0));
    }
    /// A table of (int, varchar).
    std::string table_map(std::uint64_t id, const std::string& schema, const std::string& table) {
        return event(EventType::table_map, little<6>(id) + little<2>(1) + little<1>(schema.size()) +
                                               schema + '\0' + little<1>(table.size()) + table +
                                               '\0' + little<1>(2) + unhex("03 0f") +
                                               unhex("02 28 00") + unhex("02"));
    }
    static std::string row(std::uint32_t id, const std::string& text) {
        return little<1>(0) + little<4>(id) + little<1>(text.size()) + text;
    }
    std::string insert(std::uint64_t id, const std::string& rows) {
        return event(EventType::write_rows, little<6>(id) + little<2>(1) + little<2>(2) +
                                                little<1>(2) + little<1>(0xFF) + rows);
    }
    std::string update(std::uint64_t id, const std::string& rows) {
        return event(EventType::update_rows, little<6>(id) + little<2>(1) + little<2>(2) +
                                                 little<1>(2) + little<2>(0xFFFF) + rows);
    }

  private:
    std::uint64_t offset_;
};

inline std::string text_of(const Value& value) {
    switch (value.kind()) {
        case ValueKind::absent:
            return "absent";
        case ValueKind::unchanged:
            return "unchanged";
        case ValueKind::null:
            return "NULL";
        case ValueKind::int64:
        case ValueKind::time:
        case ValueKind::timestamp:
            return fmt::format("{}", value.as_int64());
        case ValueKind::uint64:
            return fmt::format("{}", value.as_uint64());
        case ValueKind::float32:
        case ValueKind::float64:
            return fmt::format("{}", value.as_double());
        case ValueKind::date:
        case ValueKind::datetime: {
            const auto t = value.as_civil();
            return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}", t.year, t.month, t.day,
                               t.hour, t.minute, t.second, t.microsecond);
        }
        case ValueKind::bytes: {
            std::string hex = "x";
            for (const char c : value.as_view())
                hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
            return hex;
        }
        default:
            return std::string(value.as_view());
    }
}

inline std::string text_of(const TableSchema& table, const Value* values) {
    if (values == nullptr) return "-";
    std::string text;
    for (std::size_t i = 0; i < table.columns.size(); ++i)
        text += (i == 0 ? "" : ",") + text_of(values[i]);
    return text;
}

/// "insert t: - > 1,a" and "commit FILE:OFFSET GTIDS" lines.
inline std::vector<std::string> lines_of(const ChangeBatch& batch) {
    static constexpr const char* kinds[] = {"insert", "update", "remove"};
    std::vector<std::string> lines;
    std::size_t change = 0;
    for (std::size_t mark = 0; mark <= batch.commits.size(); ++mark) {
        const bool last = mark == batch.commits.size();
        for (const std::size_t end = last ? batch.changes.size() : batch.commits[mark].change_end;
             change < end; ++change) {
            const RowChange& c = batch.changes[change];
            lines.push_back(fmt::format("{} {}: {} > {}", kinds[static_cast<int>(c.kind)],
                                        c.table->table, text_of(*c.table, c.before),
                                        text_of(*c.table, c.after)));
        }
        if (last) break;
        const auto position =
            std::dynamic_pointer_cast<const MysqlPosition>(batch.trail->after_commit(mark));
        lines.push_back(fmt::format("commit {}:{}{}{}", position->binlog_filename,
                                    position->next_event_position,
                                    position->gtid_set.empty() ? "" : " ", position->gtid_set));
    }
    return lines;
}

/// The whole way from events to batches, without a server.
struct Replay {
    FakeCatalog catalog;
    TableRegistry tables;
    TransactionDecoder decoder;
    BinlogCursor cursor;

    explicit Replay(
        BatchLimits limits = {}, TableRegistry::Selector selector = [](auto, auto) { return true; })
        : tables(std::move(selector), catalog), decoder(tables, limits) {
        catalog.add("db", "t", {{"id", "int"}, {"name", "varchar"}});
    }

    void start(const std::string& file, std::uint64_t offset,
               std::shared_ptr<const GtidSet> executed = nullptr) {
        cursor.start(file, offset);
        decoder.start({std::make_shared<const std::string>(file), offset}, std::move(executed), 0);
    }

    /// Copies the event first: nothing may point to memory that the batch does not keep.
    void feed(std::string_view raw) {
        auto chunk = Chunk::take(raw.size());
        std::memcpy(chunk->data(), raw.data(), raw.size());
        const BinlogEvent event = cursor.read({chunk->data(), raw.size()});
        if (event.header.type != EventType::transaction_payload)
            return decoder.accept(event, cursor.format(), chunk);
        TransactionPayload payload(event.body);
        while (const auto embedded = payload.next())
            decoder.accept(cursor.read_embedded(*embedded), cursor.format(), payload.chunk());
    }

    std::vector<std::string> take_lines() {
        return decoder.has_batch() ? lines_of(*decoder.take()) : std::vector<std::string>{};
    }
};

inline std::string read_binlog_file(const std::string& name) {
    const std::string path = "test/unit/source/data/" + name;
    std::string bytes(std::filesystem::file_size(path), '\0');
    std::ifstream(path, std::ios::binary)
        .read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return bytes;
}

/// The events of a binlog file.
inline std::vector<std::string_view> events_of(std::string_view file) {
    std::vector<std::string_view> events;
    for (std::size_t at = 4; at + EventHeader::bytes <= file.size();) {
        const auto length = parse_event_header(bytes_of(file.substr(at))).length;
        events.push_back(file.substr(at, length));
        at += length;
    }
    return events;
}

}  // namespace dts::test
