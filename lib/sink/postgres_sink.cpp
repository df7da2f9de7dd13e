#include "lib/sink/postgres_sink.hpp"

#include <fmt/format.h>

#include "lib/base/activity.hpp"
#include "lib/checkpoint/postgres_position_sql.hpp"
#include "lib/client/postgres_catalog.hpp"

namespace dts {

namespace {

constexpr std::string_view unique_violation = "23505";

}  // namespace

PostgresSink::PostgresSink(Options options)
    : SqlSink(options.sink),
      options_(std::move(options)),
      encoder_({options_.batch_rows, options_.session.disable_foreign_key_checks}) {}

PostgresSink::~PostgresSink() = default;

void PostgresSink::preflight() {
    SqlSink::preflight();
    open_catalog();
}

/// The planning of the questions takes longer than the answers: it is done once, and before there
/// are rows that wait for it. The server would rather plan anew the first few times.
void PostgresSink::open_catalog() {
    auto catalog = std::make_unique<PostgresConnection>(options_.session.endpoint);
    {
        std::lock_guard lock(session_mutex_);
        catalog_ = std::move(catalog);
    }
    throw_interrupted();
    if (catalog_->version() >= 120000) catalog_->query("SET plan_cache_mode='force_generic_plan'");
    read_postgres_table(*catalog_, "pg_catalog", "pg_class");
}

void PostgresSink::connect() {
    {
        // The old one goes first: what a session holds (a replication origin) it alone can hold.
        std::lock_guard lock(session_mutex_);
        session_.reset();
    }
    is_defining_ = false;
    auto session = std::make_unique<PostgresSession>(options_.session);
    {
        std::lock_guard lock(session_mutex_);
        session_ = std::move(session);
    }
    throw_interrupted();
    session_->set_up(options_.session);
}

void PostgresSink::throw_interrupted() const {
    if (interrupted_) throw Error(ErrorKind::transient, "the target was interrupted");
}

/// What is asked through it may have to be asked inside the transaction that begins.
std::unique_ptr<PositionSql> PostgresSink::position_sql() {
    session_->flush_ahead();
    return std::make_unique<PostgresPositionSql>(session_->connection());
}

std::string PostgresSink::quoted(const PositionTableName& name) const {
    return postgres::quote_table(name.schema, name.table);
}

std::string PostgresSink::rights_for(const PositionTableName& name) const {
    return fmt::format(
        "CREATE on the database, or CREATE and USAGE on schema {0}, or SELECT, INSERT, UPDATE on "
        "{1}",
        postgres::quote_identifier(name.schema), quoted(name));
}

void PostgresSink::apply(EncodedGroup& group) {
    std::lock_guard use(session_use_);
    SqlSink::apply(group);
}

TableSchemaPtr PostgresSink::describe(std::string_view schema, std::string_view table) {
    if (is_defining_) {
        const While waiting(Doing::for_output);
        std::lock_guard use(session_use_);
        // A group that was under way may have ended the transaction.
        if (is_defining_) return describe_by(session_->connection(), schema, table);
    }
    try {
        if (catalog_) return describe_by(*catalog_, schema, table);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::transient || interrupted_) throw;
        // It may have had nothing to do for long.
    }
    open_catalog();
    return describe_by(*catalog_, schema, table);
}

TableSchemaPtr PostgresSink::describe_by(PostgresConnection& connection, std::string_view schema,
                                         std::string_view table) {
    auto description = read_postgres_table(connection, schema, table);
    if (!description) {
        throw Error(
            ErrorKind::data,
            fmt::format("target table {} does not exist", postgres::quote_table(schema, table)),
            "create it in the target, route it elsewhere with [router], or leave it out "
            "with [filter] ignore_tbs");
    }
    note_surprises(connection, *description);
    return description;
}

/// What makes the target do something else than the source did.
void PostgresSink::note_surprises(PostgresConnection& connection, const TableSchema& table) {
    const std::string name = postgres::quote_table(table.schema, table.table);
    const std::string oid = postgres::quote_literal(name) + "::pg_catalog.regclass";
    const auto trigger = connection.scalar(fmt::format(
        "SELECT tgname FROM pg_catalog.pg_trigger WHERE tgrelid={} AND NOT tgisinternal AND "
        "tgenabled IN ({}) LIMIT 1",
        oid, options_.session.disable_foreign_key_checks ? "'R', 'A'" : "'O', 'A'"));
    if (trigger) {
        note(fmt::format(
            "target table {} has a trigger ({}): it fires again for what the source's triggers "
            "have already written; drop it in the target",
            name, *trigger));
    }
    const auto unlogged = connection.scalar(
        fmt::format("SELECT 1 FROM pg_catalog.pg_class WHERE oid={} AND relpersistence='u'", oid));
    if (unlogged) {
        note(
            fmt::format("target table {} is unlogged: a crash of the target empties it, and what "
                        "was applied to it is lost",
                        name));
    }
}

std::unique_ptr<SqlEncodedGroup> PostgresSink::make_encoded(WriteGroup group) const {
    return std::make_unique<PostgresEncodedGroup>(std::move(group));
}

void PostgresSink::encode_rows(SqlEncodedGroup& encoded, bool replace) {
    encoder_.encode(static_cast<PostgresEncodedGroup&>(encoded), replace);
}

void PostgresSink::begin() {
    session_->reset_failure();
    // Here and not at connect: the claim, which comes before, ends a dead worker's session.
    session_->mark_transactions(options_.session);
    session_->send_ahead("BEGIN");
}

/// The checkpoint goes ahead of the first statement, in one message with it.
void PostgresSink::execute_statements(SqlEncodedGroup& group, bool stores) {
    auto& encoded = static_cast<PostgresEncodedGroup&>(group);
    session_->reset_failure();
    if (stores) {
        const PostgresPositionSql sql(session_->connection());
        session_->send_ahead(position_table().store_statement(sql, encoded.checkpoint_json), true);
    }
    for (const PostgresStatement& statement : encoded.statements) {
        const std::string_view bytes =
            std::string_view(encoded.buffer)
                .substr(statement.begin, statement.end - statement.begin);
        if (statement.kind == PostgresStatement::Kind::definition) {
            if (stores) require_stored();
            execute_definition(encoded, statement, bytes);
            continue;
        }
        std::uint64_t matched = 0;
        try {
            if (statement.kind == PostgresStatement::Kind::copy) {
                session_->copy(statement.command, bytes);
            } else {
                matched = session_->execute(bytes);
            }
        } catch (const Error& error) {
            if (session_->failed_ahead()) throw;
            if (stores) require_stored();
            const Error placed = error.in("writing " + rows_text(encoded, statement));
            if (error.kind() != ErrorKind::permission || !error.hint().empty()) throw placed;
            throw Error(
                placed.kind(), placed.text(),
                fmt::format("GRANT SELECT, INSERT, UPDATE, DELETE ON the table TO {0}; "
                            "where it has row security, ALTER ROLE {0} BYPASSRLS",
                            postgres::quote_identifier(options_.session.endpoint.username)));
        }
        if (stores) require_stored();
        const std::uint64_t rows = statement.last_row - statement.first_row + 1;
        if (statement.must_match && matched < rows) miss(encoded, statement, rows - matched);
    }
    if (stores) require_stored();
}

/// The row was as this worker left it. Where it was not, what follows it in the transaction must
/// not stay: only behind that can it be asked what the row says.
void PostgresSink::require_stored() {
    session_->flush_ahead();
    const auto rows = session_->missed_ahead();
    if (!rows) return;
    session_->reset_failure();
    rollback_transaction();
    PostgresPositionSql sql(session_->connection());
    position_table().check_stored(sql, *rows);
}

void PostgresSink::execute_definition(const PostgresEncodedGroup& encoded,
                                      const PostgresStatement& statement, std::string_view sql) {
    const Definition& definition = *encoded.group.writes[statement.write].definition;
    try {
        session_->execute(sql);
    } catch (const Error& error) {
        const std::string text = fmt::format("applying {}: {}", definition.about, error.text());
        if (error.kind() == ErrorKind::permission)
            throw Error(
                error.kind(), text,
                fmt::format("GRANT CREATE ON SCHEMA ... TO {0} in the target, and grant {0} "
                            "the role that owns the table (of DROP SCHEMA, the schema), or "
                            "make it the owner",
                            postgres::quote_identifier(options_.session.endpoint.username)));
        if (error.kind() != ErrorKind::data) throw Error(error.kind(), text, error.hint());
        throw Error(error.kind(), text,
                    "make what it lacks in the target, and start the task again; a statement that "
                    "is not to be applied is passed over when [filter] do_ddls does not name its "
                    "kind until the task is past it");
    }
    is_defining_ = true;
}

void PostgresSink::miss(const PostgresEncodedGroup& encoded, const PostgresStatement& statement,
                        std::uint64_t missed) {
    const WriteKind kind = encoded.group.writes[statement.write].kind;
    if (kind == WriteKind::insert || kind == WriteKind::upsert)
        return require_no_rules(encoded, statement, missed);
    require_found(encoded, statement);
    note(fmt::format("{}: {} of {} were not found, source and target differ there",
                     rows_text(encoded, statement), missed,
                     statement.last_row - statement.first_row + 1));
}

/// Rows that were inserted as a COPY would: what a trigger leaves out is left out of that, too. A
/// rule that was made since the table was described is another matter.
void PostgresSink::require_no_rules(const PostgresEncodedGroup& encoded,
                                    const PostgresStatement& statement, std::uint64_t missed) {
    const TableSchema& table = *encoded.group.writes[statement.write].binding->target;
    const auto has_rules = session_->connection().scalar(
        fmt::format("SELECT relhasrules FROM pg_catalog.pg_class WHERE oid={}::pg_catalog.regclass",
                    postgres::quote_literal(postgres::quote_table(table.schema, table.table))));
    if (has_rules != "t") return;
    throw Error(ErrorKind::data,
                fmt::format("{}: {} not taken, by a rule that the table has got meanwhile",
                            rows_text(encoded, statement), missed),
                "start the task again: new rows go past the rules of a table that are there by "
                "then; or drop the rule");
}

/// Applied at least once, a row may have given way to one that what follows moves on again: whole
/// rows come back with what follows, one with values that the source does not send would be lost.
void PostgresSink::require_found(const PostgresEncodedGroup& encoded,
                                 const PostgresStatement& statement) const {
    const TableWrite& write = encoded.group.writes[statement.write];
    if (checkpoint_in_transaction() || write.kind != WriteKind::update ||
        write.binding->other_keys.empty())
        return;
    throw Error(ErrorKind::data,
                fmt::format("{}: a row that is to be updated is not there, and the source does not "
                            "send all of its values",
                            rows_text(encoded, statement)),
                "copy the row by hand; with [pipeline] exactly_once=auto this cannot come about");
}

void PostgresSink::set_savepoint() {
    session_->execute("SAVEPOINT part");
}

void PostgresSink::release_savepoint() {
    session_->execute("RELEASE part");
}

void PostgresSink::return_to_savepoint() {
    session_->execute("ROLLBACK TO part");
}

void PostgresSink::commit() {
    session_->commit();
    is_defining_ = false;
}

void PostgresSink::rollback_transaction() {
    is_defining_ = false;
    session_->drop_ahead();
    if (session_->connection().in_transaction()) session_->connection().execute("ROLLBACK");
}

bool PostgresSink::met_existing_row() const noexcept {
    return session_ && session_->failed_with() == unique_violation;
}

void PostgresSink::interrupt() noexcept {
    interrupted_ = true;
    std::lock_guard lock(session_mutex_);
    if (session_) session_->connection().interrupt();
    if (catalog_) catalog_->interrupt();
}

}  // namespace dts
