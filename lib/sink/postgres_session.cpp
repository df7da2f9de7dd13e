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

}  // namespace

PostgresSession::PostgresSession(const PostgresSessionOptions& options)
    : connection_(options.endpoint) {
    // A commit that the server may forget would leave the recorded position ahead of the data.
    connection_.query(
        "SELECT pg_catalog.set_config('synchronous_commit', 'on', false) WHERE "
        "pg_catalog.current_setting('synchronous_commit')='off'");
    connection_.query(fmt::format(
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL {}",
        options.transaction_isolation.empty() ? "READ COMMITTED" : options.transaction_isolation));
    connection_.query(rows_by_index);
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

std::uint64_t PostgresSession::execute(std::string_view sql) {
    PGconn* c = connection_.handle();
    const While asking(Doing::outside);
    if (PQsendQuery(c, std::string(sql).c_str()) == 0)
        throw connection_.error(nullptr, fmt::format("sending {}", sql.substr(0, 100)));
    return read_results(sql.substr(0, 100));
}

/// Every result has to be read, also behind an error, which is thrown then.
std::uint64_t PostgresSession::read_results(std::string_view context) {
    std::uint64_t rows = 0;
    std::optional<Error> failure;
    while (PGresult* next = PQgetResult(connection_.handle())) {
        const PostgresResult result(next);
        const auto status = result.status();
        if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
            rows += result.affected_rows();
        } else if (!failure) {
            failed_with_ = result.sqlstate();
            failure = connection_.error(result.get(), fmt::format("in {}", context));
        }
    }
    if (failure) throw *failure;
    return rows;
}

void PostgresSession::copy(const std::string& command, std::string_view lines) {
    PGconn* c = connection_.handle();
    const While sending(Doing::outside);
    const auto begun = connection_.try_query(command);
    if (begun.status() != PGRES_COPY_IN) {
        failed_with_ = begun.sqlstate();
        throw connection_.error(begun.get(), "in " + command);
    }
    while (!lines.empty()) {
        const auto chunk = lines.substr(0, copy_chunk_bytes);
        if (PQputCopyData(c, chunk.data(), static_cast<int>(chunk.size())) != 1)
            throw connection_.error(nullptr, "sending rows");
        lines.remove_prefix(chunk.size());
    }
    if (PQputCopyEnd(c, nullptr) != 1) throw connection_.error(nullptr, "sending rows");
    read_results(command);
}

}  // namespace dts
