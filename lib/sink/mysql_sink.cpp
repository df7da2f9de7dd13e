#include "lib/sink/mysql_sink.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/client/mysql_catalog.hpp"
#include "lib/sink/sql_text.hpp"

namespace dts {

namespace {

constexpr unsigned duplicate_key = 1062;
constexpr std::size_t most_statement_bytes = 1024 * 1024;

bool carries_all(const TableBinding& binding, const RowWrite& row) {
    const Value* image = row.after != nullptr ? row.after : row.before;
    return std::all_of(binding.fields.begin(), binding.fields.end(),
                       [&](const auto& field) { return image[field.source].is_carried(); });
}

bool is_insert(WriteKind kind) noexcept {
    return kind == WriteKind::insert || kind == WriteKind::upsert;
}

}  // namespace

/// A statement's bytes stand in its group's one buffer.
struct MysqlSink::Statement {
    std::shared_ptr<const BulkStatement> bulk;  ///< nullptr: text
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t write = 0;  ///< of the group; with rows [first_row, last_row]
    std::size_t first_row = 0;
    std::size_t last_row = 0;
};

struct MysqlSink::Encoded final : EncodedGroup {
    using EncodedGroup::EncodedGroup;
    std::string buffer;
    std::vector<Statement> statements;
    std::string checkpoint_json;
    bool replaces = false;  ///< inserts take the place of rows that are there
};

MysqlSink::MysqlSink(Options options)
    : options_(std::move(options)),
      position_table_(options_.position_table),
      exactly_once_(options_.checkpoint_in_target != CheckpointInTarget::off) {}

MysqlSink::~MysqlSink() = default;

void MysqlSink::connect() {
    auto session = std::make_unique<MysqlSession>(options_.session);
    statement_bytes_ = std::min(most_statement_bytes, session->max_packet_bytes() / 2);
    in_bulk_ = session->can_execute_in_bulk();
    std::lock_guard lock(session_mutex_);
    session_ = std::move(session);
    in_transaction_ = false;
}

void MysqlSink::preflight() {
    connect();
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
    } catch (const Error& error) {
        const bool is_required = options_.checkpoint_in_target == CheckpointInTarget::required;
        if (error.kind() != ErrorKind::permission || is_required) {
            throw Error(
                error.kind(), "the table for the checkpoint: " + error.text(),
                fmt::format("grant CREATE, SELECT, INSERT, UPDATE on {}.*, or set [pipeline] "
                            "exactly_once=false",
                            quote_identifier(options_.position_table.schema)));
        }
        exactly_once_ = false;
        pending_note_ = "changes are applied at least once, not exactly once: " + error.text();
        return std::nullopt;
    }
    return position_table_.claim(session_->connection());
}

std::optional<std::string> MysqlSink::read_checkpoint() {
    if (!session_) connect();
    auto record = position_table_.read(session_->connection());
    session_->execute("COMMIT");
    return record;
}

void MysqlSink::store_checkpoint(const Position& position) {
    if (!exactly_once_) return;
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
            "create it in the target, route it elsewhere with [router], or leave it out with "
            "[filter] ignore_tbs");
    }
    note_engine(*catalog_, *description);
    return description;
}

void MysqlSink::note_engine(MysqlConnection& connection, const TableSchema& table) {
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
    pending_note_ = text + ": after a crash its last changes may be applied twice";
}

std::unique_ptr<EncodedGroup> MysqlSink::encode(WriteGroup group) {
    auto encoded = std::make_unique<Encoded>(std::move(group));
    // A part of a large transaction cannot be written again with rows replaced: the parts before it
    // would be lost with it.
    const bool is_part = inside_parts_ || !encoded->group.ends_transaction;
    inside_parts_ = !encoded->group.ends_transaction;
    if (encoded->group.checkpoint) encoded->checkpoint_json = encoded->group.checkpoint->to_json();
    encoded->note = std::exchange(pending_note_, {});
    encode_statements(*encoded, options_.replace && (is_part || target_has_rows_));
    return encoded;
}

void MysqlSink::encode_statements(Encoded& encoded, bool replace) {
    encoded.buffer.clear();
    encoded.statements.clear();
    encoded.replaces = replace;
    for (std::size_t i = 0; i < encoded.group.writes.size(); ++i) encode_write(encoded, i, replace);
}

void MysqlSink::encode_write(Encoded& encoded, std::size_t write, bool replace) {
    const TableWrite& w = encoded.group.writes[write];
    const bool bulk = in_bulk_ && BulkStatement::is_possible(*w.binding, w.kind) &&
                      (w.kind != WriteKind::update ||
                       std::all_of(w.rows.begin(), w.rows.end(), [&](const RowWrite& row) {
                           return carries_all(*w.binding, row);
                       }));
    if (bulk) {
        encode_bulk(encoded, write, replace);
    } else {
        encode_text(encoded, write, replace);
    }
}

sql_text::InsertForm MysqlSink::form_of(const TableWrite& write, bool replace) const noexcept {
    // REPLACE deletes and inserts, which foreign keys of other tables would notice.
    return sql_text::insert_form(*write.binding, replace || write.kind == WriteKind::upsert,
                                 options_.session.disable_foreign_key_checks);
}

std::shared_ptr<const BulkStatement> MysqlSink::bulk_statement(const TableWrite& write,
                                                               bool replace) {
    const sql_text::InsertForm form = form_of(write, replace);
    std::lock_guard lock(statements_mutex_);
    auto& statement = statements_[{write.binding.get(), write.kind, form}];
    if (!statement) statement = std::make_shared<BulkStatement>(write.binding, write.kind, form);
    return statement;
}

void MysqlSink::encode_bulk(Encoded& encoded, std::size_t write, bool replace) {
    const TableWrite& w = encoded.group.writes[write];
    const auto bulk = bulk_statement(w, replace);
    std::size_t row = 0;
    while (row < w.rows.size()) {
        Statement statement{bulk, encoded.buffer.size(), 0, write, row, row};
        bulk->append_head(encoded.buffer);
        const std::size_t last = std::min(row + options_.batch_rows, w.rows.size());
        while (row < last && encoded.buffer.size() - statement.begin < statement_bytes_) {
            bulk->append_row(encoded.buffer, w.rows[row++]);
        }
        statement.end = encoded.buffer.size();
        statement.last_row = row - 1;
        encoded.statements.push_back(std::move(statement));
    }
}

void MysqlSink::encode_text(Encoded& encoded, std::size_t write, bool replace) {
    const TableWrite& w = encoded.group.writes[write];
    const TableBinding& binding = *w.binding;
    const sql_text::InsertForm form = form_of(w, replace);
    std::string& out = encoded.buffer;
    std::size_t row = 0;
    while (row < w.rows.size()) {
        Statement statement{nullptr, out.size(), 0, write, row, row};
        const std::size_t last = std::min(row + options_.batch_rows, w.rows.size());
        const auto append_rows = [&](auto append_one) {
            for (bool first = true; row < last && out.size() - statement.begin < statement_bytes_;
                 first = false) {
                if (!first) out += ',';
                append_one(w.rows[row++]);
            }
        };
        if (is_insert(w.kind)) {
            sql_text::append_insert_head(out, binding, form);
            append_rows([&](const RowWrite& r) { sql_text::append_row(out, binding, r.after); });
            sql_text::append_insert_tail(out, binding, form);
        } else if (w.kind == WriteKind::remove) {
            sql_text::append_remove_head(out, binding);
            out += '(';
            append_rows([&](const RowWrite& r) { sql_text::append_key(out, binding, r.before); });
            out += ')';
        } else {
            sql_text::append_statement(out, binding, w.kind, w.rows[row++], form);
        }
        statement.end = out.size();
        statement.last_row = row - 1;
        encoded.statements.push_back(std::move(statement));
    }
}

void MysqlSink::apply(EncodedGroup& group) {
    auto& encoded = static_cast<Encoded&>(group);
    const bool is_whole = !in_transaction_ && encoded.group.ends_transaction;
    try {
        execute(encoded);
    } catch (const Error&) {
        const bool conflicts = session_->last_error() == duplicate_key;
        rollback();
        if (!conflicts || !is_whole || !options_.replace || encoded.replaces) throw;
        // From here on rows are replaced at once: where one is there already, more may be.
        if (!target_has_rows_.exchange(true)) {
            encoded.note = "the target holds rows that the source inserts: they are replaced";
        }
        encode_statements(encoded, true);
        try {
            execute(encoded);
        } catch (const Error&) {
            rollback();
            throw;
        }
    }
}

/// The checkpoint's row comes first: its lock keeps any other writer out, and a worker that no
/// longer owns the task does no work at all.
void MysqlSink::execute(Encoded& encoded) {
    const bool begins = !in_transaction_;
    const bool ends = encoded.group.ends_transaction;
    in_transaction_ = true;
    if (exactly_once_ && begins && ends) {
        position_table_.store(session_->connection(), encoded.checkpoint_json);
    } else if (exactly_once_ && begins) {
        position_table_.guard(session_->connection());
    }
    for (const Statement& statement : encoded.statements) execute_statement(encoded, statement);
    if (!ends) return;
    if (exactly_once_ && !begins) {
        position_table_.store(session_->connection(), encoded.checkpoint_json);
    }
    session_->execute("COMMIT");
    in_transaction_ = false;
    if (exactly_once_) position_table_.committed(encoded.checkpoint_json);
}

void MysqlSink::execute_statement(Encoded& encoded, const Statement& statement) {
    const TableWrite& write = encoded.group.writes[statement.write];
    const std::span<char> bytes(encoded.buffer.data() + statement.begin,
                                statement.end - statement.begin);
    try {
        if (statement.bulk) {
            session_->execute_bulk(statement.bulk, bytes);
            return;
        }
        const std::uint64_t rows = session_->execute({bytes.data(), bytes.size()});
        const bool exact =
            write.kind == WriteKind::update_exact || write.kind == WriteKind::remove_exact;
        if (exact && rows == 0) {
            encoded.note = fmt::format(
                "target table {} has no row {} that the source changed: target and source differ",
                write.binding->target->display_name(),
                sql_text::describe_row(*write.binding, write.rows[statement.first_row].before));
        }
    } catch (const Error& error) {
        const auto key = [&](std::size_t i) {
            const RowWrite& row = write.rows[i];
            return sql_text::describe_row(*write.binding, row.after ? row.after : row.before);
        };
        std::string rows = key(statement.first_row);
        if (statement.last_row != statement.first_row) rows += " ... " + key(statement.last_row);
        throw error.in(fmt::format("writing target table {}, rows {}",
                                   write.binding->target->display_name(), rows));
    }
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
    const auto& encoded = static_cast<const Encoded&>(group);
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
