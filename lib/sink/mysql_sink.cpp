#include "lib/sink/mysql_sink.hpp"

#include <fmt/format.h>

#include "lib/checkpoint/mysql_position_sql.hpp"
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
    : SqlSink(options.sink),
      options_(std::move(options)),
      encoder_({options_.batch_rows, options_.session.disable_foreign_key_checks}) {
    encoder_.expect_repetitions(!checkpoint_in_transaction());
}

MysqlSink::~MysqlSink() = default;

void MysqlSink::connect() {
    auto session = std::make_unique<MysqlSession>(options_.session);
    std::lock_guard lock(session_mutex_);
    session_ = std::move(session);
}

void MysqlSink::preflight() {
    SqlSink::preflight();
    encoder_.set_target(session_->max_packet_bytes(), session_->connection().is_mariadb(),
                        session_->can_execute_in_bulk());
}

std::optional<std::string> MysqlSink::claim_checkpoint() {
    auto record = SqlSink::claim_checkpoint();
    encoder_.expect_repetitions(!checkpoint_in_transaction());
    return record;
}

std::unique_ptr<PositionSql> MysqlSink::position_sql() {
    return std::make_unique<MysqlPositionSql>(session_->connection());
}

std::string MysqlSink::quoted(const PositionTableName& name) const {
    return quote_identifier(name.schema) + "." + quote_identifier(name.table);
}

std::string MysqlSink::rights_for(const PositionTableName& name) const {
    return fmt::format("CREATE, SELECT, INSERT, UPDATE on {}.*", quote_identifier(name.schema));
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
    require_one_name(schema, table);
    note_surprises(*catalog_, *description);
    return description;
}

/// A source that tells names by their case may have two tables that are one here.
void MysqlSink::require_one_name(std::string_view schema, std::string_view table) {
    const std::string name = quote_identifier(schema) + "." + quote_identifier(table);
    const auto told_by = catalog_->scalar(
        fmt::format("SELECT IF(@@lower_case_table_names=0,{0},LOWER({0}))", quote_literal(name)));
    const auto& known = described_.emplace(told_by.value_or(name), name).first->second;
    if (known == name) return;
    throw Error(ErrorKind::data,
                fmt::format("target tables {} and {} are one: the target's lower_case_table_names "
                            "is not 0",
                            known, name),
                "route one of them to another table with [router] tb_map");
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
    if (checkpoint_setting() == CheckpointInTarget::required) {
        throw Error(ErrorKind::config, text + ", and [pipeline] exactly_once=true",
                    "ALTER TABLE ... ENGINE=InnoDB, or exactly_once=auto");
    }
    note(text + ": after a crash its last changes may be applied twice");
}

std::unique_ptr<SqlEncodedGroup> MysqlSink::make_encoded(WriteGroup group) const {
    return std::make_unique<MysqlEncodedGroup>(std::move(group));
}

void MysqlSink::encode_rows(SqlEncodedGroup& encoded, bool replace) {
    encoder_.encode(static_cast<MysqlEncodedGroup&>(encoded), replace);
}

bool MysqlSink::met_existing_row() const noexcept {
    return failed_with_ == duplicate_key;
}

/// Statements are sent ahead of the replies.
void MysqlSink::execute_statements(SqlEncodedGroup& group, bool stores) {
    auto& encoded = static_cast<MysqlEncodedGroup&>(group);
    failed_with_ = 0;
    for (const MysqlStatement& statement : encoded.statements) {
        if (statement.bulk) session_->prepare(statement.bulk);
    }
    if (stores) {
        session_->send(position_table().store_statement(*position_sql(), encoded.checkpoint_json));
    }
    send_and_read(encoded, stores);
}

/// `store_is_ahead`: the statement that moves the checkpoint has been sent before.
void MysqlSink::send_and_read(MysqlEncodedGroup& encoded, bool store_is_ahead) {
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
    MysqlPositionSql sql(session_->connection());
    position_table().check_stored(sql, matched);
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
    if (checkpoint_in_transaction() || write.binding->other_keys.empty()) return false;
    const unsigned number = session_->last_error();
    if (write.kind == WriteKind::update) return number == duplicate_key;
    const bool is_insert = write.kind == WriteKind::insert || write.kind == WriteKind::upsert;
    return is_insert && encoded.replaces &&
           (number == duplicate_key || number == column_cannot_be_null);  // see merge_own
}

void MysqlSink::interrupt() noexcept {
    std::lock_guard lock(session_mutex_);
    if (session_) session_->connection().interrupt();
}

}  // namespace dts
