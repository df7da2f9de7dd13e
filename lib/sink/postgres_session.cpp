#include "lib/sink/postgres_session.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/activity.hpp"

namespace dts {

namespace {

constexpr std::size_t copy_chunk_bytes = 256 * 1024;

/// Rows are found by their keys. The planner would rather read a whole table of 100,000 rows than
/// find 1,000 of them in its index, ten times in a group. Where there is no index it still reads
/// the table.
constexpr const char* rows_by_index =
    "SET enable_seqscan=off; SET enable_hashjoin=off; SET enable_mergejoin=off";

/// What was tried, without values.
std::string context_of(std::string_view sql) {
    return fmt::format("in {}", sql.substr(0, std::min<std::size_t>(sql.find('\''), 100)));
}

}  // namespace

void PostgresSession::set_up(const PostgresSessionOptions& options) {
    // A commit that the server may forget would leave the recorded position ahead of the data.
    connection_.query(
        "SELECT pg_catalog.set_config('synchronous_commit', 'on', false) WHERE "
        "pg_catalog.current_setting('synchronous_commit')='off'");
    connection_.query(fmt::format(
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL {}",
        options.transaction_isolation.empty() ? "READ COMMITTED" : options.transaction_isolation));
    connection_.query(rows_by_index);
    // Where policies would hide rows from us, or refuse them, the server is to say so.
    connection_.query("SET row_security=off");
    if (!options.disable_foreign_key_checks) return;
    try {
        connection_.query("SET session_replication_role='replica'");
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::permission) throw;
        throw Error(
            error.kind(), error.text(),
            fmt::format("GRANT SET ON PARAMETER session_replication_role TO {} (version 15 "
                        "and later), or set [sinker] disable_foreign_key_checks=false: rows "
                        "are then applied one by one in the source's order",
                        postgres::quote_identifier(options.endpoint.username)));
    }
}

/// Made with synchronous_commit on, so that it outlives a crash. The progress that belongs to it is
/// not used: the checkpoint is a row.
void PostgresSession::mark_transactions(const PostgresSessionOptions& options) {
    if (marks_transactions_ || options.replication_origin.empty()) return;
    const std::string name = postgres::quote_literal(options.replication_origin);
    try {
        connection_.query(
            fmt::format("SELECT pg_catalog.pg_replication_origin_create({0}) WHERE "
                        "pg_catalog.pg_replication_origin_oid({0}) IS NULL",
                        name));
        connection_.query(
            fmt::format("SELECT pg_catalog.pg_replication_origin_session_setup({})", name));
        marks_transactions_ = true;
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::permission) throw;
        throw Error(error.kind(), error.text(),
                    fmt::format("[data_marker] needs a replication origin: GRANT EXECUTE ON "
                                "FUNCTION pg_replication_origin_oid(text), "
                                "pg_replication_origin_create(text), "
                                "pg_replication_origin_session_setup(text) TO {}",
                                postgres::quote_identifier(options.endpoint.username)));
    }
}

/// Everything before it in the message has a result of its own.
void PostgresSession::send(std::string_view sql) {
    std::string message;
    for (const Ahead& statement : ahead_) message += statement.sql + ";";
    message += sql;
    sent_ahead_ = std::exchange(ahead_, {});
    missed_ahead_.reset();
    context_ = context_of(sql.empty() && !sent_ahead_.empty() ? sent_ahead_.back().sql : sql);
    if (PQsendQuery(connection_.handle(), message.c_str()) == 0) fail(nullptr, context_);
}

/// Reads the results of what was sent ahead.
void PostgresSession::read_ahead() {
    bool is_first = true;
    for (const Ahead& statement : std::exchange(sent_ahead_, {})) {
        const PostgresResult result(PQgetResult(connection_.handle()));
        const auto status = result.status();
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
            fail_ahead(result.get(), context_of(statement.sql), is_first);
        is_first = false;
        const auto rows = result.affected_rows();
        if (statement.one_row && rows != 1) missed_ahead_ = rows;
    }
}

void PostgresSession::flush_ahead() {
    if (ahead_.empty()) return;
    const While asking(Doing::outside);
    send({});
    read_ahead();
    read_results();
}

std::uint64_t PostgresSession::execute(std::string_view sql) {
    const While asking(Doing::outside);
    send(sql);
    read_ahead();
    return read_results();
}

/// Every result has to be read, also behind an error, before anything else is sent.
void PostgresSession::drain() noexcept {
    while (PGresult* next = PQgetResult(connection_.handle())) {
        const PostgresResult rest(next);
        if (rest.status() == PGRES_COPY_IN) return;  // it would be told again and again
    }
}

void PostgresSession::fail(const PGresult* result, std::string_view context) {
    const Error error = connection_.error(result, context);
    const char* state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
    failed_with_ = state ? state : "";
    drain();
    throw error;
}

/// A message that the server cannot read as a whole (its encoding, its grammar) is refused before
/// anything of it is executed: that is what stands behind, where the rows are.
void PostgresSession::fail_ahead(const PGresult* result, std::string_view context, bool is_first) {
    const Error error = connection_.error(result, context);
    const Error of_message = connection_.error(result, context_);
    drain();
    if (is_first && PQtransactionStatus(connection_.handle()) == PQTRANS_IDLE) throw of_message;
    failed_ahead_ = true;
    throw error;
}

std::uint64_t PostgresSession::read_results() {
    std::uint64_t rows = 0;
    while (PGresult* next = PQgetResult(connection_.handle())) {
        const PostgresResult result(next);
        const auto status = result.status();
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)
            fail(result.get(), context_);
        rows += result.affected_rows();
    }
    return rows;
}

void PostgresSession::copy(const std::string& command, std::string_view lines) {
    PGconn* c = connection_.handle();
    const While sending(Doing::outside);
    send(command);
    read_ahead();
    const PostgresResult begun(PQgetResult(c));
    if (begun.status() != PGRES_COPY_IN) fail(begun.get(), context_);
    if (missed_ahead_) {
        if (PQputCopyEnd(c, "nothing is to be copied") != 1)
            throw connection_.error(nullptr, context_);
        drain();
        return;
    }
    while (!lines.empty()) {
        const auto chunk = lines.substr(0, copy_chunk_bytes);
        if (PQputCopyData(c, chunk.data(), static_cast<int>(chunk.size())) != 1)
            throw connection_.error(nullptr, "sending rows");
        lines.remove_prefix(chunk.size());
    }
    if (PQputCopyEnd(c, nullptr) != 1) throw connection_.error(nullptr, "sending rows");
    read_results();
}

void PostgresSession::commit() {
    flush_ahead();
    const PostgresResult result = connection_.query("COMMIT");
    if (std::string_view(PQcmdStatus(result.get())) != "COMMIT")
        throw Error(ErrorKind::transient,
                    fmt::format("postgres {}: the server rolled back what was to be committed",
                                connection_.display_name()));
}

}  // namespace dts
