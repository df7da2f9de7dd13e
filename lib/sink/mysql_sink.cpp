#include "lib/sink/mysql_sink.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/client/mysql_catalog.hpp"
#include "lib/sink/enum_zero.hpp"

namespace dts {

namespace {

constexpr unsigned duplicate_key = 1062;
constexpr unsigned column_cannot_be_null = 1048;
constexpr std::size_t most_statements_ahead = 32;  // their replies fit in any socket's buffer
constexpr std::size_t most_bytes_ahead = 4 * 1024 * 1024;

}  // namespace

MysqlSink::MysqlSink(Options options)
    : options_(std::move(options)),
      encoder_({options_.batch_rows, options_.session.disable_foreign_key_checks}),
      position_table_(options_.position_table),
      exactly_once_(options_.checkpoint_in_target != CheckpointInTarget::off) {
    encoder_.expect_repetitions(!exactly_once_);
}

MysqlSink::~MysqlSink() = default;

void MysqlSink::connect() {
    auto session = std::make_unique<MysqlSession>(options_.session);
    std::lock_guard lock(session_mutex_);
    session_ = std::move(session);
    in_transaction_ = false;
}

void MysqlSink::preflight() {
    connect();
    encoder_.set_target(session_->max_packet_bytes(), session_->connection().is_mariadb(),
                        session_->can_execute_in_bulk());
}

std::string MysqlSink::checkpoint_place() const {
    return fmt::format("{}.{} of target {}, task_id '{}'",
                       quote_identifier(options_.position_table.schema),
                       quote_identifier(options_.position_table.table),
                       options_.session.endpoint.display_name(), options_.position_table.task_id);
}

std::optional<std::string> MysqlSink::claim_checkpoint() {
    if (!exactly_once_) return std::nullopt;
    try {
        position_table_.create(session_->connection());
        return position_table_.claim(session_->connection());
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::permission) throw;
        if (options_.checkpoint_in_target == CheckpointInTarget::required) {
            throw Error(
                error.kind(), "the table for the checkpoint: " + error.text(),
                fmt::format("grant CREATE, SELECT, INSERT, UPDATE on {}.*, or set [pipeline] "
                            "exactly_once=false",
                            quote_identifier(options_.position_table.schema)));
        }
        exactly_once_ = false;
        encoder_.expect_repetitions(true);
        note("changes are applied at least once, not exactly once: " + error.text());
        return std::nullopt;
    }
}

std::optional<std::string> MysqlSink::read_checkpoint() {
    if (!session_) connect();
    auto record = position_table_.read(session_->connection());
    session_->execute("COMMIT");
    return record;
}

void MysqlSink::store_checkpoint(const Position& position) {
    if (!exactly_once_) return;
    if (in_transaction_)
        throw Error(ErrorKind::bug, "a checkpoint of its own inside a transaction");
    const std::string json = position.to_json();
    try {
        position_table_.store(session_->connection(), json);
        session_->execute("COMMIT");
    } catch (...) {
        rollback();
        throw;
    }
    position_table_.committed(json);
}

TableSchemaPtr MysqlSink::describe(std::string_view schema, std::string_view table) {
    if (!catalog_) catalog_ = std::make_unique<MysqlConnection>(options_.session.endpoint);
    auto description = read_table_schema(*catalog_, schema, table);
    if (!description) {
        throw Error(
            ErrorKind::data,
            fmt::format("target table {}.{} does not exist", quote_identifier(schema),
                        quote_identifier(table)),
            "create it in the target, grant the account rights to it, route it elsewhere with "
            "[router], or leave it out with [filter] ignore_tbs");
    }
    note_surprises(*catalog_, *description);
    return description;
}

/// What makes the target do something else than the source did.
void MysqlSink::note_surprises(MysqlConnection& connection, const TableSchema& table) {
    const auto trigger = connection.scalar(fmt::format(
        "SELECT trigger_name FROM information_schema.triggers WHERE event_object_schema={} AND "
        "event_object_table={} LIMIT 1",
        quote_literal(table.schema), quote_literal(table.table)));
    if (trigger) {
        note(fmt::format(
            "target table {} has a trigger ({}): it fires again for what the source's triggers "
            "have already written; drop it in the target",
            table.display_name(), *trigger));
    }
    const auto transactional = connection.scalar(
        fmt::format("SELECT e.transactions FROM information_schema.tables t JOIN "
                    "information_schema.engines e ON "
                    "e.engine=t.engine WHERE t.table_schema={} AND t.table_name={}",
                    quote_literal(table.schema), quote_literal(table.table)));
    if (!transactional || *transactional == "YES") return;
    const std::string text =
        fmt::format("target table {} is not transactional", table.display_name());
    if (options_.checkpoint_in_target == CheckpointInTarget::required) {
        throw Error(ErrorKind::config, text + ", and [pipeline] exactly_once=true",
                    "ALTER TABLE ... ENGINE=InnoDB, or exactly_once=auto");
    }
    note(text + ": after a crash its last changes may be applied twice");
}

void MysqlSink::note(std::string text) {
    std::lock_guard lock(notes_mutex_);
    notes_.push_back(std::move(text));
}

std::vector<std::string> MysqlSink::take_notes() {
    std::lock_guard lock(notes_mutex_);
    return std::exchange(notes_, {});
}

std::unique_ptr<EncodedGroup> MysqlSink::encode(WriteGroup group) {
    auto encoded = std::make_unique<MysqlEncodedGroup>(std::move(group));
    // A part of a large transaction cannot be written again with rows replaced: the parts before it
    // would be lost with it.
    if (encoded->group.voids_open_transaction) inside_parts_ = false;
    const bool is_part = inside_parts_ || !encoded->group.ends_transaction;
    inside_parts_ = !encoded->group.ends_transaction;
    if (encoded->group.checkpoint) encoded->checkpoint_json = encoded->group.checkpoint->to_json();
    encoder_.encode(*encoded, options_.replace && (is_part || target_has_rows_));
    return encoded;
}

void MysqlSink::apply(EncodedGroup& group) {
    auto& encoded = static_cast<MysqlEncodedGroup&>(group);
    const bool is_whole = !in_transaction_ && encoded.group.ends_transaction;
    failed_with_ = 0;
    try {
        execute(encoded);
    } catch (const Error&) {
        const bool conflicts = failed_with_ == duplicate_key;
        rollback();
        if (!conflicts || !is_whole || !options_.replace || encoded.replaces) throw;
        // From here on rows are replaced at once: where one is there already, more may be.
        if (!target_has_rows_.exchange(true)) {
            note("the target holds rows that the source inserts: they are replaced");
        }
        encoder_.encode(encoded, true);
        try {
            execute(encoded);
        } catch (const Error&) {
            rollback();
            throw;
        }
    }
}

/// The checkpoint's row comes first: its lock keeps any other writer out. Statements are sent
/// ahead, and COMMIT only when all replies are there and this worker is known to own the task.
void MysqlSink::execute(MysqlEncodedGroup& encoded) {
    const bool begins = !in_transaction_;
    const bool ends = encoded.group.ends_transaction;
    for (const MysqlStatement& statement : encoded.statements) {
        if (statement.bulk) session_->prepare(statement.bulk);
    }
    in_transaction_ = true;
    if (exactly_once_ && begins && !ends) position_table_.guard(session_->connection());
    const bool stores = exactly_once_ && ends;
    if (stores && begins) session_->send(position_table_.store_statement(encoded.checkpoint_json));
    execute_statements(encoded, stores && begins);
    if (!ends) return;
    if (stores && !begins) position_table_.store(session_->connection(), encoded.checkpoint_json);
    session_->execute("COMMIT");
    in_transaction_ = false;
    if (exactly_once_) position_table_.committed(encoded.checkpoint_json);
}

/// `store_is_ahead`: the statement that moves the checkpoint has been sent before.
void MysqlSink::execute_statements(MysqlEncodedGroup& encoded, bool store_is_ahead) {
    std::size_t bytes_ahead = 0;
    std::size_t next_reply = 0;
    const auto read_one = [&] {
        const MysqlStatement& statement = encoded.statements[next_reply++];
        bytes_ahead -= statement.end - statement.begin;
        read_reply(encoded, statement);
    };
    try {
        for (std::size_t i = 0; i < encoded.statements.size(); ++i) {
            const MysqlStatement& statement = encoded.statements[i];
            const std::span<char> bytes(encoded.buffer.data() + statement.begin,
                                        statement.end - statement.begin);
            // Its warnings are asked for before anything else is sent.
            const bool stands_alone = statement.enum_zeros != 0;
            while (stands_alone && next_reply < i) read_one();
            if (statement.bulk) {
                session_->send_bulk(statement.bulk, bytes);
            } else {
                session_->send({bytes.data(), bytes.size()});
            }
            bytes_ahead += bytes.size();
            if (std::exchange(store_is_ahead, false)) check_owner();
            if (stands_alone) read_one();
            while (i + 1 - next_reply > 1 &&
                   (i + 1 - next_reply > most_statements_ahead || bytes_ahead > most_bytes_ahead)) {
                read_one();
            }
        }
        if (store_is_ahead) check_owner();
        while (next_reply < encoded.statements.size()) read_one();
    } catch (const Error&) {
        failed_with_ = session_->last_error();
        session_->drain();
        throw;
    }
}

/// Reads the reply to the statement that moves the checkpoint.
void MysqlSink::check_owner() {
    const std::uint64_t matched = session_->read_reply();
    if (matched == 1) return;
    session_->drain();
    position_table_.check_stored(session_->connection(), matched);
}

void MysqlSink::read_reply(const MysqlEncodedGroup& encoded, const MysqlStatement& statement) {
    const TableWrite& write = encoded.group.writes[statement.write];
    const std::size_t rows = statement.last_row - statement.first_row + 1;
    std::uint64_t matched = 0;
    try {
        matched = session_->read_reply();
        if (statement.enum_zeros != 0) {
            // An update that finds no row cuts nothing.
            const bool is_none = write.rows[statement.first_row].before != nullptr && matched == 0;
            enum_zero::check(session_->connection(), is_none ? 0 : statement.enum_zeros);
        }
    } catch (const Error& error) {
        const std::string where = "writing " + rows_text(encoded, statement);
        if (!may_be_repeated(encoded, write)) throw error.in(where);
        throw Error(error.kind(), where + ": " + error.text(),
                    "changes are repeated after a crash here (at least once), and another row may "
                    "hold the value that it gets next: drop that unique key in the target until "
                    "the task has caught up; exactly once has no such limit");
    }
    const bool must_match = write.kind == WriteKind::update ||
                            write.kind == WriteKind::update_exact ||
                            write.kind == WriteKind::remove_exact;
    if (must_match && matched < rows) {
        note(fmt::format("{}: {} of {} were not found, source and target differ there",
                         rows_text(encoded, statement), rows - matched, rows));
    }
}

/// Did a change fail that met its own later state, or another row's, after a crash?
bool MysqlSink::may_be_repeated(const MysqlEncodedGroup& encoded, const TableWrite& write) const {
    if (exactly_once_ || write.binding->other_keys.empty()) return false;
    const unsigned number = session_->last_error();
    if (write.kind == WriteKind::update) return number == duplicate_key;
    const bool is_insert = write.kind == WriteKind::insert || write.kind == WriteKind::upsert;
    return is_insert && encoded.replaces &&
           (number == duplicate_key || number == column_cannot_be_null);  // see merge_own
}

void MysqlSink::rollback() noexcept {
    in_transaction_ = false;
    try {
        if (session_) session_->execute("ROLLBACK");
    } catch (const Error&) {
        // The connection is gone, and the transaction with it.
    }
}

Sink::Recovery MysqlSink::recover(const EncodedGroup& group) {
    const auto& encoded = static_cast<const MysqlEncodedGroup&>(group);
    connect();
    if (!exactly_once_) return Recovery::apply_again;
    switch (position_table_.renew(session_->connection(), encoded.checkpoint_json)) {
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

void MysqlSink::abandon() noexcept {
    if (in_transaction_) rollback();
}

void MysqlSink::interrupt() noexcept {
    std::lock_guard lock(session_mutex_);
    if (session_) session_->connection().interrupt();
}

}  // namespace dts
