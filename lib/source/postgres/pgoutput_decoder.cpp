#include "lib/source/postgres/pgoutput_decoder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/position/postgres_position.hpp"
#include "lib/source/postgres/pgoutput_rows.hpp"

namespace dts {

using pgoutput::Kind;
using pgoutput::MessageReader;

PositionPtr make_postgres_position(const WalPlace& place) {
    auto position = std::make_shared<PostgresPosition>();
    position->lsn = place.lsn;
    position->timestamp_ms = place.time_us / 1000;
    return position;
}

void PgoutputDecoder::start(const WalPlace& place) {
    start_ = place_ = place;
    in_transaction_ = is_before_start_ = skips_transaction_ = false;
    drop_kept_aside();
    later_tables_.clear();
    descriptions_ = 0;
    bytes_aside_ = 0;
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
    return batch_ && (batch_->definition || batch_->changes.size() >= options_.limits.changes ||
                      batch_->commits.size() >= options_.limits.changes ||
                      batch_->bytes() >= options_.limits.bytes);
}

ChangeBatchPtr PgoutputDecoder::take() {
    trail_->read_up_to(place_);
    trail_ = nullptr;
    return std::move(batch_);
}

void PgoutputDecoder::drop_unfinished() {
    if (!batch_) return;
    batch_->changes.resize(batch_->commits.empty() ? 0 : batch_->commits.back().change_end);
    if (batch_->changes.empty() || batch_->changes.back().kind != ChangeKind::definition)
        batch_->definition = nullptr;
    in_transaction_ = false;
}

void PgoutputDecoder::accept(Bytes message) {
    MessageReader reader(message);
    const Kind kind = reader.kind();
    is_at_streamed_ = is_replaying() || streamed_.in_part() || pgoutput::is_of_stream(kind);
    if (streamed_.in_part() && kind != Kind::stream_stop) {
        keep_aside(kind, reader, message.size());
        return;
    }
    switch (kind) {
        case Kind::begin:
            if (in_transaction_) throw Error(ErrorKind::data, "a transaction inside another");
            begin(reader.begin().commit_lsn);
            break;
        case Kind::commit:
            accept_commit(reader.commit());
            break;
        case Kind::relation:
            accept_relation(reader, ++descriptions_);
            break;
        case Kind::insert:
        case Kind::update:
        case Kind::remove:
            accept_change(kind, message);
            return;
        case Kind::truncate:
            accept_truncation(reader.truncation(), message.size());
            break;
        case Kind::type:
            add_type(reader);
            break;
        case Kind::origin:
            skips_transaction_ = skips_transaction_ || is_skipped(reader.origin());
            break;
        case Kind::message:
            return;  // what is not ours to apply
        case Kind::stream_start: {
            const auto part = reader.stream_start();
            if (in_transaction_) throw Error(ErrorKind::data, "a transaction inside another");
            streamed_.begin_part(part.xid, part.is_first);
            break;
        }
        case Kind::stream_stop:
            streamed_.end_part();
            break;
        case Kind::stream_abort: {
            const auto abort = reader.stream_abort();
            bytes_aside_ -= streamed_.abort(abort.xid, abort.subtransaction);
            break;
        }
        case Kind::stream_commit: {
            const std::uint32_t xid = reader.xid();
            const auto commit = reader.commit();
            reader.finish();
            begin_replay(xid, commit);
            return;
        }
        default:
            throw Error(ErrorKind::data, fmt::format("a pgoutput message of the unknown kind {}",
                                                     int{static_cast<char>(kind)}));
    }
    reader.finish();
}

/// The server sends what begins to commit at or behind the start. What it would send of an earlier
/// commit has been applied.
void PgoutputDecoder::begin(std::uint64_t commit_lsn) {
    in_transaction_ = true;
    is_before_start_ = skips_transaction_ = commit_lsn < start_.lsn;
}

bool PgoutputDecoder::is_skipped(std::string_view origin) const {
    return options_.skips_origin && options_.skips_origin(origin);
}

void PgoutputDecoder::accept_commit(const pgoutput::Commit& commit) {
    if (!in_transaction_) throw Error(ErrorKind::data, "a commit without a transaction");
    in_transaction_ = false;
    if (is_before_start_) return;
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
    if (in_transaction_ || streamed_.in_part() || lsn <= place_.lsn) return;
    in_transaction_ = true;
    is_before_start_ = false;
    accept_commit({lsn, lsn, time_us});
}

void PgoutputDecoder::add_type(MessageReader& reader) {
    const auto type = reader.type();
    types_.add(type.id, type.schema, type.name);
}

/// What the server takes to be known is the description that it has sent last, of those of
/// transactions that have committed. One that was streamed may come to be read behind a later one,
/// of a transaction that committed before: then it counts for its own transaction alone.
void PgoutputDecoder::accept_relation(MessageReader& reader, std::uint64_t number) {
    const auto relation = reader.relation();
    Table& table = tables_[relation.id];
    const auto later = later_tables_.find(relation.id);
    if (number < (later == later_tables_.end() ? table.number : later->second.number)) {
        later_tables_.emplace(relation.id, table);
    } else if (later != later_tables_.end()) {
        later_tables_.erase(later);
    }
    table.number = number;
    table.holds_definitions = is_definition_table(relation);
    if (!table.holds_definitions && !selector_(relation.schema, relation.table)) {
        table.schema = nullptr;
        return;
    }
    auto schema = pgoutput::describe(relation, types_);
    if (options_.binary && options_.binary->is_binary())
        table.forms = options_.binary->forms_of(relation, *schema);
    // The server describes a table again after each change of its definition, and others.
    if (table.schema && *table.schema == *schema) return;
    table.schema = std::move(schema);
    table.is_in_batch = false;
}

bool PgoutputDecoder::is_definition_table(const pgoutput::Relation& relation) const {
    const auto& table = options_.definition_table;
    return table && relation.schema == table->schema && relation.table == table->table;
}

PgoutputDecoder::Table& PgoutputDecoder::table_of(std::uint32_t id) {
    const auto found = tables_.find(id);
    if (found == tables_.end())
        throw Error(ErrorKind::data,
                    fmt::format("a change of table {}, which was not described", id));
    return found->second;
}

/// Its tables come one behind the other, and no batch ends between them.
void PgoutputDecoder::accept_truncation(const pgoutput::Truncation& truncation, std::size_t bytes) {
    if (!in_transaction_) throw Error(ErrorKind::data, "a truncation outside of a transaction");
    ChangeBatch& b = batch();
    b.source_bytes += bytes;
    for (const std::uint32_t id : truncation.relations) {
        Table& table = table_of(id);
        if (!table.schema || table.holds_definitions || skips_transaction_) {
            ++b.skipped_changes;
            continue;
        }
        const std::string name = table.schema->display_name();
        if (!options_.truncates) {
            ++b.skipped_changes;
            note(
                fmt::format("TRUNCATE of source table {} is not applied to the target: [filter] "
                            "do_ddls does not have truncate_table",
                            name));
            continue;
        }
        if (truncation.restarts_identity) {
            note(
                fmt::format("TRUNCATE ... RESTART IDENTITY of source table {}: the target's "
                            "sequences keep their numbers, as sequences do not travel",
                            name));
        }
        keep_table(table);
        b.changes.push_back({table.schema.get(), nullptr, nullptr, ChangeKind::truncate});
    }
}

/// Its rows are not copied as such. Whoever tidies the table up says nothing.
void PgoutputDecoder::accept_definition(Kind kind, MessageReader& reader, const Table& table) {
    ChangeBatch& b = batch();
    ++b.skipped_changes;
    if (kind != Kind::insert) return;
    Arena values;
    const RowChange row = read_row(kind, reader, table, values);
    auto verdict = definitions_.read(DefinitionRow::from(*table.schema, row.after));
    for (std::string& text : verdict.notes) note(std::move(text));
    if (!verdict.definition) return;
    --b.skipped_changes;
    b.definition = std::move(verdict.definition);
    b.changes.push_back({nullptr, nullptr, nullptr, ChangeKind::definition});
}

void PgoutputDecoder::note(std::string text) {
    if (noted_.insert(text).second) batch().notes.push_back(std::move(text));
}

/// The batch at hand owns what its changes point to.
void PgoutputDecoder::keep_table(Table& table) {
    if (table.is_in_batch) return;
    batch().tables.push_back(table.schema);
    table.is_in_batch = true;
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
    if (table.holds_definitions) return accept_definition(kind, head, table);
    keep_table(table);
    const std::string_view kept = b.arena.copy(as_text(message));
    MessageReader reader(std::as_bytes(std::span(kept)));
    reader.kind();
    reader.relation_id();
    b.changes.push_back(read_row(kind, reader, table, b.arena));
}

RowChange PgoutputDecoder::read_row(Kind kind, MessageReader& reader, const Table& table,
                                    Arena& arena) {
    try {
        const auto row = pgoutput::read_row(kind, reader, {*table.schema, table.forms}, arena);
        reader.finish();
        return row;
    } catch (const Error& error) {
        if (table.forms.empty()) throw;
        options_.binary->give_up(*table.schema, error);
    }
}

}  // namespace dts
