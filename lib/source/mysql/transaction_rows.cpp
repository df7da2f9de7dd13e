// The part of TransactionDecoder that reads rows.
#include <fmt/format.h>

#include "lib/base/error.hpp"
#include "lib/source/mysql/event_payload.hpp"
#include "lib/source/mysql/statement.hpp"
#include "lib/source/mysql/transaction_decoder.hpp"

namespace dts {

namespace {

struct RowsKind {
    ChangeKind change;
    bool has_extra;      ///< version 2: more data in front of the columns
    bool is_compressed;  ///< MariaDB
};

RowsKind rows_kind(EventType type) {
    switch (type) {
        case EventType::write_rows_v1:
            return {ChangeKind::insert, false, false};
        case EventType::update_rows_v1:
            return {ChangeKind::update, false, false};
        case EventType::delete_rows_v1:
            return {ChangeKind::remove, false, false};
        case EventType::write_rows:
            return {ChangeKind::insert, true, false};
        case EventType::update_rows:
            return {ChangeKind::update, true, false};
        case EventType::delete_rows:
            return {ChangeKind::remove, true, false};
        case EventType::mariadb_write_rows_compressed_v1:
            return {ChangeKind::insert, false, true};
        case EventType::mariadb_update_rows_compressed_v1:
            return {ChangeKind::update, false, true};
        case EventType::mariadb_delete_rows_compressed_v1:
            return {ChangeKind::remove, false, true};
        case EventType::mariadb_write_rows_compressed:
            return {ChangeKind::insert, true, true};
        case EventType::mariadb_update_rows_compressed:
            return {ChangeKind::update, true, true};
        default:
            return {ChangeKind::remove, true, true};
    }
}

/// Says only "the statement is over", of no table.
constexpr std::uint64_t no_table = 0xFFFFFF;

/// Computed columns need not travel, nor hidden ones.
bool is_partial(const ColumnSet& carried, const TableSchema& schema) {
    if (carried.all()) return false;
    for (std::size_t i = 0; i < schema.columns.size(); ++i) {
        if (!carried.has(i) && !schema.columns[i].generated) return true;
    }
    return false;
}

/// A column that `after` does not carry kept its value; those of keys tell which row it is.
void complete_keys(const TableSchema& schema, const Value* before, Value* after) {
    for (const auto& key : schema.unique_keys) {
        for (const auto i : key.columns) {
            if (after[i].kind() == ValueKind::absent) after[i] = before[i];
        }
    }
}

}  // namespace

void TransactionDecoder::on_rows(const BinlogEvent& event, const FormatDescription& format,
                                 const std::shared_ptr<Chunk>& chunk) {
    if (state_ == State::outside)
        throw Error(ErrorKind::data, "rows of a transaction that was not seen to begin",
                    "the start position must stand between two transactions");
    if (format.post_header_bytes[static_cast<std::uint8_t>(event.header.type)] < 8)
        throw Error(ErrorKind::data, "rows in the format of a server before 5.1");
    ByteReader reader(event.body);
    const std::uint64_t table_id = reader.u48();
    reader.skip(2);  // flags
    if (table_id == no_table) return;
    StreamTable& table = tables_.find(table_id);
    if (!table.subscribed || transaction_.is_void) {
        ++skipped_changes_;
        return;
    }
    try {
        decode_rows(event, reader, table, chunk);
    } catch (const Error& error) {
        throw error.in(fmt::format("rows of `{}`.`{}`", table.schema, table.table));
    }
}

void TransactionDecoder::decode_rows(const BinlogEvent& event, ByteReader reader,
                                     StreamTable& table, const std::shared_ptr<Chunk>& chunk) {
    const RowsKind kind = rows_kind(event.header.type);
    const TableDecoding& decoding = tables_.decoding(table, rows_time(event));
    const std::size_t count = decoding.readers.size();
    if (kind.has_extra) {
        const std::size_t extra = reader.u16();  // its own two bytes included
        reader.skip(extra < 2 ? 0 : extra - 2);
    }
    if (const auto width = read_packed(reader); width != count)
        throw Error(ErrorKind::data,
                    fmt::format("they have {} columns where {} were announced", width, count));
    const ColumnSet first(reader, count);
    const ColumnSet second = kind.change == ChangeKind::update ? ColumnSet(reader, count) : first;
    if (first.present() == 0 && second.present() == 0)
        throw Error(ErrorKind::data, "they carry no column at all");

    ChangeBatch& batch = this->batch();
    if (kind.is_compressed) {
        reader = ByteReader(uncompress_mariadb(reader.rest(), batch.arena));
    } else if (adopted_ != chunk.get()) {
        batch.arena.adopt(chunk);
        adopted_ = chunk.get();
    }
    if (table.batch != batch_number_) {
        batch.tables.push_back(decoding.schema);
        table.batch = batch_number_;
    }
    (decoding.is_transactional ? transaction_.has_transactional : transaction_.has_others) = true;
    transaction_.has_changes = true;

    const RowMemory memory{batch.arena, scratch_};
    RowChange change{decoding.schema.get(), nullptr, nullptr, kind.change};
    change.partial = is_partial(first, *decoding.schema) || is_partial(second, *decoding.schema);
    while (!reader.empty()) {
        if (kind.change != ChangeKind::insert)
            change.before = read_row(reader, decoding.readers, first, memory);
        if (kind.change != ChangeKind::remove) {
            Value* after = read_row(reader, decoding.readers, second, memory);
            if (change.partial && change.before != nullptr)
                complete_keys(*decoding.schema, change.before, after);
            change.after = after;
        }
        batch.changes.push_back(change);
    }
}

void TransactionDecoder::on_definition(const BinlogEvent& event, const QueryEvent& query,
                                       std::string_view sql) {
    // Both are 32 bits: a session with a time of its own (SET timestamp) wraps to the true end.
    const std::uint32_t ended = event.header.timestamp + query.seconds;
    tables_.definition_changed(sql,
                               std::max<std::int64_t>(ended, transaction_.time_us / 1'000'000));
    const auto is_subscribed = [&](std::string_view schema, std::string_view table) {
        return tables_.is_subscribed(schema, table);
    };
    for (auto& note : definition_notes_.of(sql, query.schema, is_subscribed))
        batch().notes.push_back(std::move(note));
}

void TransactionDecoder::refuse_row_statement(const QueryEvent& query, std::string_view sql) const {
    const bool is_certain = names_its_targets(sql);
    const bool touched = !is_certain || may_change(sql, query.schema, [&](auto schema, auto table) {
        return tables_.is_subscribed(schema, table);
    });
    if (!touched) return;
    throw Error(ErrorKind::data,
                fmt::format("a statement {} rows of a subscribed table, not row by row: {}",
                            is_certain ? "changes" : "may change", sql.substr(0, 200)),
                "SET GLOBAL binlog_format=ROW at the source, and no session may set another; then "
                "copy the table anew and start behind this place");
}

void TransactionDecoder::refuse_partial_rows(const BinlogEvent& event) {
    ByteReader reader(event.body);
    if (!tables_.find(reader.u48()).subscribed) return;
    throw Error(ErrorKind::data, "an UPDATE of JSON was written as a difference, not as the value",
                "SET GLOBAL binlog_row_value_options='' at the source, and copy the table anew");
}

}  // namespace dts
