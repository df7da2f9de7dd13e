#include "lib/sink/sql_sink.hpp"

#include <fmt/format.h>

#include <utility>

namespace dts {

SqlSink::SqlSink(Options options)
    : options_(std::move(options)),
      position_table_(options_.position_table),
      exactly_once_(options_.checkpoint_in_target != CheckpointInTarget::off) {}

void SqlSink::preflight() {
    connect();
    in_transaction_ = false;
}

std::string SqlSink::checkpoint_place() const {
    return fmt::format("{} of target {}, task_id '{}'", quoted(options_.position_table.name),
                       target_name(), options_.position_table.task_id);
}

std::optional<std::string> SqlSink::claim_checkpoint() {
    if (!exactly_once_) return std::nullopt;
    try {
        const auto sql = position_sql();
        position_table_.create(*sql);
        return position_table_.claim(*sql);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::permission) throw;
        if (options_.checkpoint_in_target == CheckpointInTarget::required) {
            throw Error(error.kind(), "the table for the checkpoint: " + error.text(),
                        fmt::format("grant {}, or set [pipeline] exactly_once=false",
                                    rights_for(options_.position_table.name)));
        }
        // A transaction that the refusal has broken must not stay open.
        rollback();
        exactly_once_ = false;
        note("changes are applied at least once, not exactly once: " + error.text());
        return std::nullopt;
    }
}

std::optional<std::string> SqlSink::read_checkpoint() {
    if (!is_connected()) connect();
    const auto sql = position_sql();
    try {
        sql->begin();
        auto record = position_table_.read(*sql);
        sql->execute("COMMIT");
        return record;
    } catch (const Error&) {
        rollback();
        throw;
    }
}

void SqlSink::store_checkpoint(const Position& position) {
    if (!exactly_once_) return;
    if (in_transaction_)
        throw Error(ErrorKind::bug, "a checkpoint of its own inside a transaction");
    const std::string json = position.to_json();
    try {
        begin();
        position_table_.store(*position_sql(), json);
        commit();
    } catch (...) {
        rollback();
        throw;
    }
    position_table_.committed(json);
}

void SqlSink::note(std::string text) {
    std::lock_guard lock(notes_mutex_);
    notes_.push_back(std::move(text));
}

std::vector<std::string> SqlSink::take_notes() {
    std::lock_guard lock(notes_mutex_);
    return std::exchange(notes_, {});
}

std::unique_ptr<EncodedGroup> SqlSink::encode(WriteGroup group) {
    auto encoded = make_encoded(std::move(group));
    // Without savepoints a part of a large transaction cannot be written again with rows replaced:
    // the parts before it would be lost with it.
    if (encoded->group.voids_open_transaction) inside_parts_ = false;
    const bool is_part = inside_parts_ || !encoded->group.ends_transaction;
    inside_parts_ = !encoded->group.ends_transaction;
    if (encoded->group.checkpoint) encoded->checkpoint_json = encoded->group.checkpoint->to_json();
    encoded->replaces = options_.replace && ((is_part && !has_savepoints()) || target_has_rows_);
    encode_rows(*encoded, encoded->replaces);
    return encoded;
}

void SqlSink::apply(EncodedGroup& group) {
    auto& encoded = static_cast<SqlEncodedGroup&>(group);
    const bool is_whole = !in_transaction_ && encoded.group.ends_transaction;
    try {
        execute(encoded);
    } catch (const Error&) {
        const bool conflicts = met_existing_row();
        rollback();
        if (!conflicts || !is_whole || !options_.replace || encoded.replaces) throw;
        encode_with_replacement(encoded);
        try {
            execute(encoded);
        } catch (const Error&) {
            rollback();
            throw;
        }
    }
}

/// From here on rows are replaced at once: where one is there already, more may be.
void SqlSink::encode_with_replacement(SqlEncodedGroup& encoded) {
    if (!target_has_rows_.exchange(true)) {
        note("the target holds rows that the source inserts: they are replaced");
    }
    encoded.replaces = true;
    encode_rows(encoded, true);
}

/// Of a large transaction: what was done before it stays when it meets a row.
void SqlSink::execute_part(SqlEncodedGroup& encoded) {
    set_savepoint();
    try {
        execute_statements(encoded, false);
    } catch (const Error&) {
        if (!met_existing_row()) throw;
        return_to_savepoint();
        encode_with_replacement(encoded);
        execute_statements(encoded, false);
    }
    release_savepoint();
}

/// The checkpoint's row comes first: its lock keeps any other writer out. COMMIT is sent only when
/// all replies are there and this worker is known to own the task.
void SqlSink::execute(SqlEncodedGroup& encoded) {
    const bool begins = !in_transaction_;
    const bool ends = encoded.group.ends_transaction;
    if (begins) begin();
    in_transaction_ = true;
    if (exactly_once_ && begins && !ends) position_table_.guard(*position_sql());
    const bool stores = exactly_once_ && ends;
    const bool is_part = !begins || !ends;
    if (is_part && options_.replace && !encoded.replaces && has_savepoints()) {
        execute_part(encoded);
    } else {
        execute_statements(encoded, stores && begins);
    }
    if (!ends) return;
    if (stores && !begins) position_table_.store(*position_sql(), encoded.checkpoint_json);
    commit();
    in_transaction_ = false;
    if (exactly_once_) position_table_.committed(encoded.checkpoint_json);
}

void SqlSink::rollback() noexcept {
    in_transaction_ = false;
    try {
        if (is_connected()) rollback_transaction();
    } catch (const Error&) {
        // The connection is gone, and the transaction with it.
    }
}

Sink::Recovery SqlSink::recover(const EncodedGroup& group) {
    const auto& encoded = static_cast<const SqlEncodedGroup&>(group);
    connect();
    in_transaction_ = false;
    if (!exactly_once_) return Recovery::apply_again;
    switch (position_table_.renew(*position_sql(), encoded.checkpoint_json)) {
        case PositionTable::Found::committed:
            position_table_.committed(encoded.checkpoint_json);
            return Recovery::committed;
        case PositionTable::Found::not_committed:
            return Recovery::apply_again;
        case PositionTable::Found::went_back:
            break;
    }
    return Recovery::start_over;
}

void SqlSink::abandon() noexcept {
    if (in_transaction_) rollback();
}

}  // namespace dts
