#include "lib/task/factory.hpp"

#include <fmt/format.h>

#include <random>
#include <unistd.h>

#include "lib/checkpoint/mysql_position_sql.hpp"
#include "lib/checkpoint/postgres_position_sql.hpp"
#include "lib/sink/dummy_sink.hpp"
#include "lib/sink/mysql_sink.hpp"
#include "lib/sink/postgres_sink.hpp"
#include "lib/sink/sql_file_sink.hpp"
#include "lib/source/heartbeat_writer.hpp"
#include "lib/source/mysql/mysql_cdc_source.hpp"
#include "lib/source/mysql/mysql_heartbeat.hpp"
#include "lib/source/postgres/postgres_cdc_source.hpp"
#include "lib/source/postgres/postgres_heartbeat.hpp"
#include "lib/task/definition_rules.hpp"
#include "lib/task/endpoints.hpp"
#include "lib/task/mongo_factory.hpp"
#include "lib/task/translation_rules.hpp"

namespace dts {

namespace {

std::string isolation_text(const std::optional<TransactionIsolation>& isolation) {
    if (!isolation) return "";
    switch (*isolation) {
        case TransactionIsolation::read_uncommitted:
            return "READ UNCOMMITTED";
        case TransactionIsolation::read_committed:
            return "READ COMMITTED";
        case TransactionIsolation::repeatable_read:
            return "REPEATABLE READ";
        case TransactionIsolation::serializable:
            return "SERIALIZABLE";
    }
    return "";
}

CheckpointInTarget checkpoint_in_target(ExactlyOnce setting) {
    switch (setting) {
        case ExactlyOnce::automatic:
            return CheckpointInTarget::where_possible;
        case ExactlyOnce::required:
            return CheckpointInTarget::required;
        case ExactlyOnce::off:
            return CheckpointInTarget::off;
    }
    return CheckpointInTarget::where_possible;
}

PositionTable::Options position_table_options(const TaskConfig& config) {
    PositionTable::Options options;
    options.name = {config.resumer.position_table.schema, config.resumer.position_table.table};
    options.task_id = config.global.task_id;
    return options;
}

SqlSink::Options sql_sink_options(const TaskConfig& config, const WorkerIdentity& worker) {
    SqlSink::Options options;
    options.position_table = position_table_options(config);
    options.position_table.owner_token = worker.token;
    options.position_table.owner = worker.place;
    options.position_table.take_over =
        config.global.on_conflict == OnConflict::take_over && !worker.held_task;
    options.position_table.held_before = worker.held_task;
    options.checkpoint_in_target = checkpoint_in_target(config.pipeline.exactly_once);
    options.replace = config.sinker.replace;
    return options;
}

constexpr std::string_view origin_prefix = "dts:";

/// "dts:NODE:TASK": what two-way syncs tell their own transactions by; empty where none is.
std::string origin_name(const TaskConfig& config) {
    const std::string& node = config.data_marker.src_node;
    if (node.empty()) return {};
    return fmt::format("{}{}:{}", origin_prefix, node, config.global.task_id);
}

std::unique_ptr<Sink> make_writing_sink(const TaskConfig& config, const WorkerIdentity& worker) {
    if (config.sinker.db_type == DbType::mongo) {
        const Filter filter(filter_rules(config));
        return make_mongo_sink(config, sql_sink_options(config, worker),
                               filter.event(ChangeKind::insert));
    }
    if (config.sinker.db_type == DbType::pg) {
        PostgresSink::Options options;
        options.sink = sql_sink_options(config, worker);
        options.session.endpoint = postgres_endpoint(*config.sinker.endpoint, config.name);
        options.session.disable_foreign_key_checks = config.sinker.disable_foreign_key_checks;
        options.session.transaction_isolation = isolation_text(config.sinker.transaction_isolation);
        options.session.replication_origin = origin_name(config);
        options.batch_rows = config.sinker.batch_size;
        return std::make_unique<PostgresSink>(std::move(options));
    }
    MysqlSink::Options options;
    options.sink = sql_sink_options(config, worker);
    options.session.endpoint = mysql_endpoint(*config.sinker.endpoint);
    options.session.disable_foreign_key_checks = config.sinker.disable_foreign_key_checks;
    options.session.transaction_isolation = isolation_text(config.sinker.transaction_isolation);
    options.batch_rows = config.sinker.batch_size;
    return std::make_unique<MysqlSink>(std::move(options));
}

/// A server begins to stream a transaction without saying where it was first written where the
/// first thing that it did there is no row (a TRUNCATE): who passes such over reads them when they
/// commit, which says it always.
std::shared_ptr<StreamedFolder> streamed_folder(const TaskConfig& config, SourceMemory& memory) {
    if (!config.extractor.postgres_cdc.stream_in_progress) return nullptr;
    if (!config.data_marker.src_node.empty()) return nullptr;
    if (!memory.streamed_folder)
        memory.streamed_folder = std::make_shared<StreamedFolder>(config.runtime.log_dir);
    return memory.streamed_folder;
}

std::shared_ptr<BinaryChoice> binary_choice(const TaskConfig& config, SourceMemory& memory) {
    if (!config.extractor.postgres_cdc.binary_values) return nullptr;
    if (!memory.binary_choice) memory.binary_choice = std::make_shared<BinaryChoice>();
    return memory.binary_choice;
}

std::unique_ptr<Source> make_postgres_source(const TaskConfig& config, const Filter& filter,
                                             TableSelector selector, SourceMemory& memory) {
    const PostgresCdcConfig& cdc = config.extractor.postgres_cdc;
    PostgresCdcOptions options;
    options.endpoint = postgres_endpoint(config.extractor.endpoint, config.name);
    options.slot = cdc.slot_name;
    options.publication = cdc.publication;
    options.start_lsn = cdc.start_lsn;
    options.recreate_slot = cdc.recreate_slot;
    options.take_over = config.global.on_conflict == OnConflict::take_over;
    options.truncates = config.filter.truncates;
    if (!config.data_marker.src_node.empty()) {
        options.skips_origin = [](std::string_view origin) {
            return origin.starts_with(origin_prefix);
        };
    }
    options.streamed_folder = streamed_folder(config, memory);
    options.keepalive_interval = cdc.keepalive_interval;
    options.heartbeat_interval_secs = static_cast<int>(config.extractor.heartbeat_interval.count());
    if (const auto& table = config.extractor.heartbeat_table)
        options.heartbeat_table = {table->schema, table->table};
    follow_definitions(config, filter, options);
    options.binary = binary_choice(config, memory);
    options.batch_changes = std::max<std::size_t>(1, config.pipeline.buffer_changes / 4);
    options.batch_bytes = std::max<std::size_t>(1 << 20, config.pipeline.buffer_bytes / 16);
    options.selector = std::move(selector);
    return std::make_unique<PostgresCdcSource>(std::move(options));
}

char quote_of_names(const TaskConfig& config) {
    if (config.extractor.endpoint.db_type == DbType::mongo) return '\0';
    return config.extractor.endpoint.db_type == DbType::pg ? '"' : '`';
}

bool writes_to_file(const TaskConfig& config) {
    return config.sinker.sink_type == SinkType::sql;
}

}  // namespace

WorkerIdentity make_worker_identity(const std::filesystem::path& log_directory) {
    char host[256] = "";
    ::gethostname(host, sizeof host - 1);
    std::random_device random;
    return {fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random()),
            fmt::format("{}:{}", host,
                        std::filesystem::absolute(log_directory).lexically_normal().string())};
}

FilterRules filter_rules(const TaskConfig& config) {
    const FilterConfig& filter = config.filter;
    return {filter.do_dbs,    filter.ignore_dbs,  filter.do_tbs,         filter.ignore_tbs,
            filter.do_events, filter.ignore_cols, quote_of_names(config)};
}

RouterRules router_rules(const TaskConfig& config) {
    const RouterConfig& router = config.router;
    return {router.db_map, router.tb_map, router.col_map, quote_of_names(config)};
}

std::optional<Error> take_streaming_error(SourceMemory& memory) {
    return memory.streamed_folder ? memory.streamed_folder->take_reason() : std::nullopt;
}

std::unique_ptr<Source> make_source(const TaskConfig& config, const Filter& filter,
                                    SourceMemory& memory) {
    TableSelector selector = [&filter](std::string_view schema, std::string_view table) {
        return filter.selects(schema, table);
    };
    if (config.extractor.endpoint.db_type == DbType::pg) {
        return make_postgres_source(config, filter, std::move(selector), memory);
    }
    if (config.extractor.endpoint.db_type == DbType::mongo) {
        return make_mongo_source(config, filter, std::move(selector));
    }
    const MysqlCdcConfig& cdc = config.extractor.mysql_cdc;
    MysqlCdcOptions options;
    options.endpoint = mysql_endpoint(config.extractor.endpoint);
    options.server_id = cdc.server_id;
    options.binlog_filename = cdc.binlog_filename;
    options.binlog_position = cdc.binlog_position;
    options.gtid_enabled = cdc.gtid_enabled;
    options.gtid_set = cdc.gtid_set;
    options.binlog_heartbeat_interval = cdc.binlog_heartbeat_interval;
    options.binlog_timeout = cdc.binlog_timeout;
    options.keepalive_idle = cdc.keepalive_idle;
    options.client_name = config.name;
    options.batch_changes = std::max<std::size_t>(1, config.pipeline.buffer_changes / 4);
    options.batch_bytes = std::max<std::size_t>(1 << 20, config.pipeline.buffer_bytes / 16);
    options.heartbeat_interval_secs = static_cast<int>(config.extractor.heartbeat_interval.count());
    if (const auto& table = config.extractor.heartbeat_table) {
        options.heartbeat_tb = table->schema + "." + table->table;
    }
    options.selector = std::move(selector);
    return std::make_unique<MysqlCdcSource>(std::move(options));
}

std::unique_ptr<Sink> make_sink(const TaskConfig& config, const WorkerIdentity& worker) {
    switch (config.sinker.sink_type) {
        case SinkType::write:
            return make_writing_sink(config, worker);
        case SinkType::sql:
            return std::make_unique<SqlFileSink>(
                SqlFileSink::Options{config.runtime.log_dir / "sql.log", config.sinker.reverse,
                                     config.sinker.replace},
                config.extractor.endpoint.db_type == DbType::pg ? postgres_file_dialect()
                                                                : mysql_file_dialect());
        case SinkType::dummy:
            return std::make_unique<DummySink>();
        case SinkType::check:
        case SinkType::structure:
            break;
    }
    throw Error(ErrorKind::config, "[sinker] sink_type: this kind of sink is not built yet");
}

GroupPlanner make_planner(const TaskConfig& config, const Filter& filter, const Router& router,
                          Sink& sink) {
    // A source may be the target of other tasks: the positions that it holds for them are not
    // copied, they would take the place of this task's.
    const auto is_position_table = [table = config.resumer.position_table,
                                    is_there = config.sinker.sink_type ==
                                               SinkType::write](const Route& route) {
        return is_there && route.schema == table.schema && route.table == table.table;
    };
    auto bind = [&filter, &router, &sink, is_position_table,
                 translation =
                     translation_rules(config)](const TableSchemaPtr& source) -> TableBindingPtr {
        if (!filter.selects(source->schema, source->table)) return nullptr;
        const Route route = router.route(source->schema, source->table);
        if (is_position_table(route)) return nullptr;
        ColumnRules rules;
        rules.renamed = route.columns;
        rules.ignored = filter.ignored_columns(source->schema, source->table);
        TableSchemaPtr target = sink.describe(route.schema, route.table);
        if (!target) target = routed(*source, route.schema, route.table, rules);
        return bind_tables(source, std::move(target), rules, translation);
    };
    GroupPlanner::Options options;
    // Foreign keys that are checked want the order of the source; so does a file of statements. And
    // where rows must not be replaced, or not be inserted, an update has to stay one.
    const bool may_upsert = config.sinker.disable_foreign_key_checks && !writes_to_file(config) &&
                            config.sinker.replace && filter.event(ChangeKind::insert);
    options.merge = may_upsert && config.parallelizer.parallel_type != ParallelType::serial;
    options.updates_as_upserts = may_upsert;
    options.upserts_remove_first = config.sinker.db_type == DbType::pg;
    options.shares_target = [&filter, &router](const TableSchema& source) {
        return router.is_target_shared(source.schema, source.table,
                                       [&filter](std::string_view schema, std::string_view table) {
                                           return filter.selects(schema, table);
                                       });
    };
    options.route_command = [&router, is_position_table, shares = options.shares_target](
                                const CollectionCommand& source) -> CollectionCommandPtr {
        auto command = routed_command(source, router, shares);
        return is_position_table({command->database, command->collection, {}}) ? nullptr : command;
    };
    options.inserts = filter.event(ChangeKind::insert);
    options.updates = filter.event(ChangeKind::update);
    options.removes = filter.event(ChangeKind::remove);
    return GroupPlanner(std::move(bind), options);
}

Pipeline::Options make_pipeline_options(const TaskConfig& config) {
    Pipeline::Options options;
    options.limits.changes = config.pipeline.buffer_changes;
    options.limits.bytes = std::min<std::size_t>(config.pipeline.buffer_bytes / 4, 16UL << 20);
    options.limits.one_transaction =
        config.parallelizer.parallel_type == ParallelType::serial || writes_to_file(config);
    options.queue_bytes = config.pipeline.buffer_bytes;
    options.queue_changes = config.pipeline.buffer_changes;
    options.linger = config.pipeline.batch_sink_interval;
    options.idle_checkpoint_interval = config.pipeline.checkpoint_interval;
    return options;
}

std::unique_ptr<HeartbeatWriter> make_heartbeat(const TaskConfig& config,
                                                std::function<void(const std::string&)> note) {
    const ExtractorConfig& extractor = config.extractor;
    const auto& table = extractor.heartbeat_table;
    if (!table) return nullptr;
    HeartbeatConnect connect;
    if (extractor.endpoint.db_type == DbType::pg) {
        connect = [options = PostgresHeartbeat::Options{
                       postgres_endpoint(extractor.endpoint, config.name),
                       extractor.postgres_cdc.slot_name,
                       {table->schema, table->table}}] {
            return std::make_unique<PostgresHeartbeat>(options);
        };
    } else if (extractor.endpoint.db_type == DbType::mongo) {
        connect = mongo_heartbeat(config);
    } else {
        connect = [options = MysqlHeartbeat::Options{mysql_endpoint(extractor.endpoint),
                                                     extractor.mysql_cdc.server_id, table->schema,
                                                     table->table}] {
            return std::make_unique<MysqlHeartbeat>(options);
        };
    }
    return std::make_unique<HeartbeatWriter>(std::move(connect), extractor.heartbeat_interval,
                                             std::move(note));
}

DatabaseRecord read_position_database(const TaskConfig& config) {
    const EndpointConfig& database = *config.resumer.database;
    const PositionTable table(position_table_options(config));
    std::optional<std::string> record;
    if (database.db_type == DbType::pg) {
        PostgresConnection connection(postgres_endpoint(database, config.name));
        connection.query("SET row_security=off");  // a hidden record is no missing one
        PostgresPositionSql sql(connection);
        record = table.read(sql);
    } else {
        MysqlConnection connection(mysql_endpoint(database));
        MysqlPositionSql sql(connection);
        record = table.read(sql);
    }
    return {std::move(record),
            fmt::format("`{}`.`{}` of {}, task_id '{}'", config.resumer.position_table.schema,
                        config.resumer.position_table.table, database.display_name(),
                        config.global.task_id)};
}

std::string_view position_type(const TaskConfig& config) {
    switch (config.extractor.endpoint.db_type) {
        case DbType::mysql:
            return "MysqlCdc";
        case DbType::pg:
            return "PgCdc";
        case DbType::mongo:
            return "MongoCdc";
    }
    return "";
}

}  // namespace dts
