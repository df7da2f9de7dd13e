#include "lib/task/sequence_sync.hpp"

#include <fmt/format.h>

#include "lib/pipeline/filter.hpp"
#include "lib/pipeline/router.hpp"
#include "lib/task/endpoints.hpp"
#include "lib/task/factory.hpp"

namespace dts {

namespace {

using postgres::quote_literal;
using postgres::quote_table;

/// Each column that a sequence belongs to, with the last number that was drawn (empty: none yet),
/// and, where the account may not see it, the GRANT that it lacks.
PostgresResult owned_sequences(PostgresConnection& source) {
    return source.query(
        "SELECT n.nspname, c.relname, a.attname, COALESCE(s.last_value::text, ''), "
        "CASE WHEN pg_catalog.has_sequence_privilege(q.oid, 'SELECT, USAGE') THEN '' ELSE "
        "pg_catalog.format('GRANT SELECT ON SEQUENCE %I.%I TO %I', qn.nspname, q.relname, "
        "current_user) END "
        "FROM pg_catalog.pg_depend d "
        "JOIN pg_catalog.pg_class q ON q.oid=d.objid AND q.relkind='S' "
        "JOIN pg_catalog.pg_namespace qn ON qn.oid=q.relnamespace "
        "JOIN pg_catalog.pg_sequences s ON s.schemaname=qn.nspname AND s.sequencename=q.relname "
        "JOIN pg_catalog.pg_class c ON c.oid=d.refobjid "
        "JOIN pg_catalog.pg_namespace n ON n.oid=c.relnamespace "
        "JOIN pg_catalog.pg_attribute a ON a.attrelid=c.oid AND a.attnum=d.refobjsubid "
        "WHERE d.classid='pg_catalog.pg_class'::pg_catalog.regclass AND "
        "d.refclassid='pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i') "
        "ORDER BY 1, 2, 3");
}

/// Nothing where the target has no such sequence.
std::optional<std::string> target_sequence(PostgresConnection& target, const Route& route,
                                           std::string_view column) {
    const std::string table = quote_table(route.schema, route.table);
    return target.scalar(fmt::format(
        "SELECT pg_catalog.pg_get_serial_sequence({0}, attname) FROM pg_catalog.pg_attribute WHERE "
        "attrelid=pg_catalog.to_regclass({0}) AND attname={1}",
        quote_literal(table), quote_literal(route.column(column))));
}

/// Where that moves it on; empty: it is there already. A sequence that has drawn nothing has its
/// next number in last_value, which need not be the one that it was made with.
std::string move_on(PostgresConnection& target, const std::string& sequence,
                    std::string_view value) {
    const std::string name = quote_literal(sequence) + "::pg_catalog.regclass";
    const auto moved = target.scalar(
        fmt::format("SELECT pg_catalog.setval({0}, {1}) FROM pg_catalog.pg_sequence p, {2} s WHERE "
                    "p.seqrelid={0} AND (CASE WHEN p.seqincrement>0 THEN s.last_value<{1} ELSE "
                    "s.last_value>{1} END OR (s.last_value={1} AND NOT s.is_called))",
                    name, value, sequence));
    return moved.value_or("");
}

}  // namespace

SequenceSync sync_sequences(const TaskConfig& config) {
    if (config.extractor.endpoint.db_type != DbType::pg || config.sinker.db_type != DbType::pg ||
        config.sinker.sink_type != SinkType::write)
        throw Error(ErrorKind::config, "--sync-sequences is for tasks from pg to pg");
    const Filter filter(filter_rules(config));
    const Router router(router_rules(config));
    PostgresConnection source(postgres_endpoint(config.extractor.endpoint, config.name));
    PostgresConnection target(postgres_endpoint(*config.sinker.endpoint, config.name));
    SequenceSync result;
    const auto sequences = owned_sequences(source);
    for (std::size_t i = 0; i < sequences.size(); ++i) {
        if (!filter.selects(sequences.at(i, 0), sequences.at(i, 1))) continue;
        const Route route = router.route(sequences.at(i, 0), sequences.at(i, 1));
        const std::string column = quote_table(route.schema, route.table) + '.' +
                                   postgres::quote_identifier(route.column(sequences.at(i, 2)));
        const auto sequence = target_sequence(target, route, sequences.at(i, 2));
        if (!sequences.at(i, 4).empty())
            throw Error(ErrorKind::permission,
                        fmt::format("the sequence of column {}.{} can not be read at the source",
                                    quote_table(sequences.at(i, 0), sequences.at(i, 1)),
                                    postgres::quote_identifier(sequences.at(i, 2))),
                        fmt::format("{} at the source", sequences.at(i, 4)));
        if (!sequence) {
            ++result.missing;
            result.lines.push_back(column + ": no sequence in the target");
        } else if (sequences.at(i, 3).empty()) {
            result.lines.push_back(column + ": the source has drawn nothing yet");
        } else {
            const auto moved = move_on(target, *sequence, sequences.at(i, 3));
            result.lines.push_back(moved.empty()
                                       ? fmt::format("{}: {} is at or behind the source's {}",
                                                     column, *sequence, sequences.at(i, 3))
                                       : fmt::format("{}: {} set to {}", column, *sequence, moved));
        }
    }
    return result;
}

}  // namespace dts
