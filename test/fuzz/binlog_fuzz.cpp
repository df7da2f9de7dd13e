// A binlog file of any bytes, through the whole way from events to changes: Error or batches, never
// a read behind an event's end. Event lengths and checksums are put right first, so that damage
// reaches the decoders. Seeds: test/unit/source/data.
#include <fmt/format.h>

#include <cstring>

#include "lib/base/crc32.hpp"
#include "lib/base/error.hpp"
#include "lib/source/mysql/binlog_cursor.hpp"
#include "lib/source/mysql/event_payload.hpp"
#include "lib/source/mysql/transaction_decoder.hpp"

using namespace dts;

namespace {

/// Knows a table of each width, so that events without metadata are decoded too.
class AnyCatalog final : public TableCatalog {
  public:
    std::optional<TableDefinition> find(std::string_view schema, std::string_view table) override {
        if (schema.size() % 2 == 0) return std::nullopt;
        TableDefinition definition;
        definition.schema.schema = schema;
        definition.schema.table = table;
        for (std::size_t i = 0; i < table.size(); ++i) {
            Column column;
            column.name = fmt::format("c{}", i);
            column.type = static_cast<ColumnType>(static_cast<unsigned char>(table[i]) % 20);
            definition.schema.columns.push_back(column);
            definition.data_types.emplace_back(table[i] == 'u' ? "uuid" : "");
        }
        definition.hash_keys = 1;
        return definition;
    }
    std::string charset_of(std::uint32_t) override { return "utf8mb4"; }
    std::string to_utf8(std::string_view text, std::string_view) override {
        return std::string(text);
    }
    bool is_mariadb() override { return false; }
};

void touch(const ChangeBatch& batch) {
    static volatile std::uint64_t sink = 0;
    const auto touch_row = [](const TableSchema& table, const Value* values) {
        for (std::size_t i = 0; values != nullptr && i < table.columns.size(); ++i) {
            if (!values[i].is_view()) continue;
            for (const char c : values[i].as_view()) sink = sink + static_cast<unsigned char>(c);
        }
    };
    for (const auto& change : batch.changes) {
        touch_row(*change.table, change.before);
        touch_row(*change.table, change.after);
    }
    for (std::size_t i = 0; i < batch.commits.size(); ++i) batch.trail->after_commit(i);
    batch.trail->last_read();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    AnyCatalog catalog;
    TableRegistry tables([](auto, auto) { return true; }, catalog);
    TransactionDecoder decoder(tables, {});
    BinlogCursor cursor;
    cursor.start("f.1", 4);
    decoder.start({std::make_shared<const std::string>("f.1"), 4},
                  std::make_shared<const GtidSet>(), 0);
    for (std::size_t at = 4; at + EventHeader::bytes + 4 <= size;) {
        std::uint32_t length = 0;
        std::memcpy(&length, data + at + 9, sizeof length);
        if (length < EventHeader::bytes + 4 || length > size - at)
            length = static_cast<std::uint32_t>(size - at);
        auto chunk = std::make_shared<Chunk>(new std::byte[length], length);
        std::memcpy(chunk->data(), data + at, length);
        std::memcpy(chunk->data() + 9, &length, sizeof length);
        const std::uint32_t checksum = crc32_of({chunk->data(), length - sizeof(std::uint32_t)});
        std::memcpy(chunk->data() + length - sizeof checksum, &checksum, sizeof checksum);
        at += length;
        try {
            const BinlogEvent event = cursor.read({chunk->data(), length});
            if (event.header.type == EventType::transaction_payload) {
                TransactionPayload payload(event.body);
                std::size_t events = 0;
                while (const auto embedded = payload.next()) {
                    decoder.accept(cursor.read_embedded(*embedded), cursor.format(),
                                   payload.chunk());
                    if (++events > 1000) break;
                }
            } else {
                decoder.accept(event, cursor.format(), chunk);
            }
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::bug) __builtin_trap();
        }
        chunk.reset();
        if (decoder.has_batch() && (decoder.is_full() || at % 3 == 0)) touch(*decoder.take());
    }
    if (decoder.has_batch()) touch(*decoder.take());
    return 0;
}
