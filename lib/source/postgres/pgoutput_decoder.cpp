#include "lib/source/postgres/pgoutput_decoder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/position/postgres_position.hpp"

namespace dts {

using pgoutput::Kind;
using pgoutput::MessageReader;

namespace {

TableSchemaPtr describe(const pgoutput::Relation& relation, const PostgresTypeNames& types) {
    auto schema = std::make_shared<TableSchema>();
    schema->schema = relation.schema;
    schema->table = relation.table;
    schema->names_fold_case = false;
    UniqueKey identity{"replica identity", {}, false, false};
    for (const auto& from : relation.columns) {
        Column column;
        column.name = from.name;
        column.in_before = from.in_identity;
        column.base_type = types.name_of(from.type);
        column.type_name = column.base_type;
        column.type_modifier = from.type_modifier;
        if (from.in_identity) {
            identity.columns.push_back(static_cast<std::uint16_t>(schema->columns.size()));
        }
        schema->columns.push_back(std::move(column));
    }
    const bool is_key = relation.replica_identity == 'd' || relation.replica_identity == 'i';
    if (is_key && !identity.columns.empty()) {
        schema->unique_keys.push_back(std::move(identity));
        schema->has_primary_key = relation.replica_identity == 'd';
    }
    return schema;
}

void require_tuple(char kind, std::string_view allowed, const TableSchema& table) {
    if (allowed.find(kind) != std::string_view::npos) return;
    throw Error(ErrorKind::data, fmt::format("a row image of the unknown kind {} of table {}",
                                             int{kind}, table.display_name()));
}

}  // namespace

PositionPtr make_postgres_position(const WalPlace& place) {
    auto position = std::make_shared<PostgresPosition>();
    position->lsn = place.lsn;
    position->timestamp_ms = place.time_us / 1000;
    return position;
}

void PgoutputDecoder::start(const WalPlace& place) {
    start_ = place_ = place;
    in_transaction_ = skips_transaction_ = false;
    batch_ = nullptr;
    trail_ = nullptr;
    tables_.clear();
    types_ = {};
}

ChangeBatch& PgoutputDecoder::batch() {
    if (!batch_) {
        batch_ = std::make_unique<ChangeBatch>();
        auto trail = std::make_unique<PostgresTrail>();
        trail_ = trail.get();
        batch_->trail = std::move(trail);
        for (auto& [id, table] : tables_) table.is_in_batch = false;
    }
    return *batch_;
}

bool PgoutputDecoder::is_full() const noexcept {
    return batch_ &&
           (batch_->changes.size() >= limits_.changes ||
            batch_->commits.size() >= limits_.changes || batch_->bytes() >= limits_.bytes);
}

ChangeBatchPtr PgoutputDecoder::take() {
    trail_->read_up_to(place_);
    trail_ = nullptr;
    return std::move(batch_);
}

void PgoutputDecoder::drop_unfinished() {
    if (!batch_) return;
    batch_->changes.resize(batch_->commits.empty() ? 0 : batch_->commits.back().change_end);
    in_transaction_ = false;
}

void PgoutputDecoder::accept(Bytes message) {
    MessageReader reader(message);
    const Kind kind = reader.kind();
    switch (kind) {
        case Kind::begin: {
            const auto begin = reader.begin();
            if (in_transaction_) throw Error(ErrorKind::data, "a transaction inside another");
            in_transaction_ = true;
            // The server sends what begins to commit at or behind the start. What it would send of
            // an earlier commit has been applied.
            skips_transaction_ = begin.commit_lsn < start_.lsn;
            break;
        }
        case Kind::commit:
            accept_commit(reader.commit());
            break;
        case Kind::relation:
            accept_relation(reader);
            break;
        case Kind::insert:
        case Kind::update:
        case Kind::remove:
            accept_change(kind, message);
            return;
        case Kind::truncate:
            note_truncated(reader.truncated_relations());
            break;
        case Kind::type: {
            const auto type = reader.type();
            types_.add(type.id, type.schema, type.name);
            break;
        }
        case Kind::origin:
        case Kind::message:
            return;  // where it came from, and what is not ours to apply
        default:
            throw Error(ErrorKind::data, fmt::format("a pgoutput message of the unknown kind {}",
                                                     int{static_cast<char>(kind)}));
    }
    reader.finish();
}

void PgoutputDecoder::accept_commit(const pgoutput::Commit& commit) {
    if (!in_transaction_) throw Error(ErrorKind::data, "a commit without a transaction");
    in_transaction_ = false;
    if (skips_transaction_) return;
    if (commit.end_lsn <= place_.lsn) {
        throw Error(ErrorKind::data,
                    fmt::format("a commit that ends at {}, though all up to {} was read before",
                                lsn_text(commit.end_lsn), lsn_text(place_.lsn)));
    }
    place_ = {commit.end_lsn, commit.commit_time_us};
    ChangeBatch& b = batch();
    const auto end = static_cast<std::uint32_t>(b.changes.size());
    // A transaction without changes of ours moves the mark before it on.
    if (!b.commits.empty() && b.commits.back().change_end == end) {
        b.commits.back().commit_time_us = commit.commit_time_us;
        trail_->replace_last_mark(place_);
        return;
    }
    b.commits.push_back({end, commit.commit_time_us});
    trail_->mark(place_);
}

void PgoutputDecoder::moved_to(std::uint64_t lsn, std::int64_t time_us) {
    if (in_transaction_ || lsn <= place_.lsn) return;
    in_transaction_ = true;
    skips_transaction_ = false;
    accept_commit({lsn, lsn, time_us});
}

void PgoutputDecoder::accept_relation(MessageReader& reader) {
    const auto relation = reader.relation();
    Table& table = tables_[relation.id];
    if (!selector_(relation.schema, relation.table)) {
        table.schema = nullptr;
        return;
    }
    auto schema = describe(relation, types_);
    // The server describes a table again after each change of its definition, and others.
    if (table.schema && *table.schema == *schema) return;
    table.schema = std::move(schema);
    table.is_in_batch = false;
}

PgoutputDecoder::Table& PgoutputDecoder::table_of(std::uint32_t id) {
    const auto found = tables_.find(id);
    if (found == tables_.end())
        throw Error(ErrorKind::data,
                    fmt::format("a change of table {}, which was not described", id));
    return found->second;
}

void PgoutputDecoder::note_truncated(const std::vector<std::uint32_t>& ids) {
    for (const std::uint32_t id : ids) {
        const Table& table = table_of(id);
        if (!table.schema || !noted_.insert(table.schema->display_name()).second) continue;
        batch().notes.push_back(
            fmt::format("TRUNCATE of source table {} is not applied to the target",
                        table.schema->display_name()));
    }
}

void PgoutputDecoder::accept_change(Kind kind, Bytes message) {
    if (!in_transaction_) throw Error(ErrorKind::data, "a change outside of a transaction");
    MessageReader head(message);
    head.kind();
    Table& table = table_of(head.relation_id());
    ChangeBatch& b = batch();
    b.source_bytes += message.size();
    if (!table.schema || skips_transaction_) {
        ++b.skipped_changes;
        return;
    }
    if (!table.is_in_batch) {
        b.tables.push_back(table.schema);
        table.is_in_batch = true;
    }
    const std::string_view kept = b.arena.copy(as_text(message));
    MessageReader reader(std::as_bytes(std::span(kept)));
    reader.kind();
    reader.relation_id();
    switch (kind) {
        case Kind::insert:
            b.changes.push_back(read_insert(reader, *table.schema));
            break;
        case Kind::update:
            b.changes.push_back(read_update(reader, *table.schema));
            break;
        default:
            b.changes.push_back(read_delete(reader, *table.schema));
            break;
    }
    reader.finish();
}

std::span<Value> PgoutputDecoder::new_row(const TableSchema& table) {
    return batch_->arena.allocate<Value>(table.columns.size());
}

RowChange PgoutputDecoder::read_insert(MessageReader& reader, const TableSchema& table) {
    require_tuple(reader.tuple_kind(), "N", table);
    const auto after = new_row(table);
    reader.tuple(after);
    const bool whole =
        std::all_of(after.begin(), after.end(), [](const Value& v) { return v.is_carried(); });
    return {&table, nullptr, after.data(), ChangeKind::insert, !whole};
}

/// Without an old image the identity is as it was; an unchanged value is known where the old image
/// holds it.
RowChange PgoutputDecoder::read_update(MessageReader& reader, const TableSchema& table) {
    const auto before = new_row(table);
    const auto after = new_row(table);
    char kind = reader.tuple_kind();
    const bool has_before = kind != 'N';
    if (has_before) {
        require_tuple(kind, "KO", table);
        reader.tuple(before);
        kind = reader.tuple_kind();
    }
    require_tuple(kind, "N", table);
    reader.tuple(after);
    bool partial = false;
    for (std::size_t i = 0; i < after.size(); ++i) {
        if (!table.columns[i].in_before) {
            before[i] = Value();
        } else if (!has_before) {
            before[i] = after[i];
        } else if (!after[i].is_carried()) {
            after[i] = before[i];
        }
        partial = partial || !after[i].is_carried() ||
                  (table.columns[i].in_before && !before[i].is_carried());
    }
    return {&table, before.data(), after.data(), ChangeKind::update, partial};
}

RowChange PgoutputDecoder::read_delete(MessageReader& reader, const TableSchema& table) {
    require_tuple(reader.tuple_kind(), "KO", table);
    const auto before = new_row(table);
    reader.tuple(before);
    bool partial = false;
    for (std::size_t i = 0; i < before.size(); ++i) {
        if (!table.columns[i].in_before) {
            before[i] = Value();
        } else {
            partial = partial || !before[i].is_carried();
        }
    }
    return {&table, before.data(), nullptr, ChangeKind::remove, partial};
}

}  // namespace dts
