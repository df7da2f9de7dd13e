#include "lib/config/task_config.hpp"

#include <fmt/format.h>

#include "lib/config/collection_ddls.hpp"
#include "lib/config/definition_settings.hpp"
#include "lib/config/resumer_config.hpp"
#include "lib/config/settings.hpp"

namespace dts {
namespace {

// The position tables hold it in a column of that width.
constexpr std::size_t longest_task_id = 255;

std::uint32_t size_of(const Settings& settings, std::string_view section, std::string_view key) {
    return static_cast<std::uint32_t>(settings.number(section, key));
}

// A start that is half said must not become "the current end": what lies between would be lost.
void check_start(const Settings& settings, const MysqlCdcConfig& cdc) {
    if (!cdc.binlog_filename.empty()) return;
    if (!cdc.gtid_enabled && cdc.binlog_position != 0)
        throw settings.error("extractor", "binlog_position", "is set, binlog_filename is not",
                             "name the binlog, or leave both empty to start at the current end");
    if (!cdc.gtid_enabled && !cdc.gtid_set.empty())
        throw settings.error("extractor", "gtid_set", "is set, gtid_enabled is not true",
                             "set gtid_enabled=true to start there");
}

MysqlCdcConfig read_mysql_cdc(const Settings& settings) {
    constexpr auto section = "extractor";
    MysqlCdcConfig cdc;
    cdc.server_id = size_of(settings, section, "server_id");
    cdc.binlog_filename = settings.text(section, "binlog_filename");
    cdc.binlog_position = static_cast<std::uint64_t>(settings.number(section, "binlog_position"));
    cdc.gtid_enabled = settings.flag(section, "gtid_enabled");
    cdc.gtid_set = settings.text(section, "gtid_set");
    cdc.binlog_heartbeat_interval = settings.seconds(section, "binlog_heartbeat_interval_secs");
    cdc.binlog_timeout = settings.seconds(section, "binlog_timeout_secs");
    cdc.keepalive_idle = settings.seconds(section, "keepalive_idle_secs");
    if (cdc.binlog_timeout <= cdc.binlog_heartbeat_interval)
        throw settings.error(section, "binlog_timeout_secs",
                             "must be more than binlog_heartbeat_interval_secs",
                             "an idle server would count as lost");
    check_start(settings, cdc);
    return cdc;
}

bool is_lsn(std::string_view text) {
    const auto slash = std::min(text.find('/'), text.size());
    const auto is_half = [](std::string_view half) {
        return !half.empty() && half.size() <= 8 &&
               half.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
    };
    return slash < text.size() && is_half(text.substr(0, slash)) && is_half(text.substr(slash + 1));
}

PostgresCdcConfig read_postgres_cdc(const Settings& settings) {
    constexpr auto section = "extractor";
    constexpr std::size_t longest_name = 63;
    PostgresCdcConfig cdc;
    cdc.slot_name = settings.text(section, "slot_name");
    if (cdc.slot_name.size() > longest_name ||
        cdc.slot_name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") !=
            std::string::npos)
        throw settings.error(section, "slot_name",
                             fmt::format("{} is not a slot's name", cdc.slot_name),
                             "up to 63 of the characters a-z, 0-9 and _");
    cdc.publication =
        settings.given(section, "pub_name").value_or(cdc.slot_name + "_publication_for_all_tables");
    if (cdc.publication.size() > longest_name)
        throw settings.error(section, "pub_name",
                             fmt::format("{} is too long for the server, which takes {} bytes",
                                         cdc.publication, longest_name),
                             "set a shorter pub_name");
    cdc.start_lsn = settings.text(section, "start_lsn");
    if (!cdc.start_lsn.empty() && !is_lsn(cdc.start_lsn))
        throw settings.error(section, "start_lsn",
                             fmt::format("{} is not an LSN like 0/406E2C30", cdc.start_lsn));
    cdc.recreate_slot = settings.flag(section, "recreate_slot_if_exists");
    if (cdc.recreate_slot && !cdc.start_lsn.empty())
        throw settings.error(section, "recreate_slot_if_exists",
                             "is set, and so is start_lsn, which a new slot does not hold",
                             "leave one of the two");
    cdc.stream_in_progress = settings.flag(section, "stream_in_progress");
    cdc.binary_values = settings.flag(section, "binary_values");
    cdc.keepalive_interval = settings.seconds(section, "keepalive_interval_secs");
    if (settings.given(section, "ddl_meta_tb"))
        cdc.definition_table = read_table_name(settings, section, "ddl_meta_tb");
    return cdc;
}

MongoCdcConfig read_mongo_cdc(const Settings& settings) {
    constexpr auto section = "extractor";
    MongoCdcConfig cdc;
    cdc.follows_oplog = settings.text(section, "source") == "op_log";
    cdc.resume_token = settings.text(section, "resume_token");
    cdc.start_timestamp = size_of(settings, section, "start_timestamp");
    if (cdc.follows_oplog && !cdc.resume_token.empty())
        throw settings.error(section, "resume_token", "is for source=change_stream only",
                             "op_log starts at start_timestamp");
    if (!cdc.resume_token.empty() && cdc.resume_token.front() != '{')
        cdc.resume_token = fmt::format("{{\"_data\":\"{}\"}}", cdc.resume_token);
    return cdc;
}

// What would rename or drop fields of documents is not there: documents are copied as they are.
void check_document_rules(const Settings& settings, DbType source) {
    if (source != DbType::mongo) return;
    for (const auto& [section, key] :
         {std::pair("filter", "ignore_cols"), std::pair("router", "col_map")}) {
        if (settings.given(section, key))
            throw settings.error(section, key, "is not for mongo: documents are copied whole",
                                 "take it out of the file");
    }
}

// tb_parallel_size of [runtime] is the older spelling.
std::uint32_t read_parallel_size(const Settings& settings) {
    const auto older = settings.given("runtime", "tb_parallel_size");
    const auto newer = settings.given("extractor", "parallel_size");
    if (!older || newer) return size_of(settings, "extractor", "parallel_size");
    return size_of(settings, "runtime", "tb_parallel_size");
}

ExtractorConfig read_extractor(const Settings& settings) {
    constexpr auto section = "extractor";
    ExtractorConfig extractor;
    extractor.extract_type = settings.choice<ExtractType>(section, "extract_type");
    extractor.endpoint = read_endpoint(settings, section);
    extractor.batch_size = settings.given(section, "batch_size")
                               ? size_of(settings, section, "batch_size")
                               : size_of(settings, "pipeline", "buffer_size");
    extractor.parallel_size = read_parallel_size(settings);
    if (extractor.endpoint.db_type == DbType::pg) {
        extractor.postgres_cdc = read_postgres_cdc(settings);
    } else if (extractor.endpoint.db_type == DbType::mongo) {
        extractor.mongo_cdc = read_mongo_cdc(settings);
        extractor.app_name = settings.text(section, "app_name");
        extractor.is_direct_connection = settings.flag(section, "is_direct_connection");
    } else {
        extractor.mysql_cdc = read_mysql_cdc(settings);
    }
    extractor.heartbeat_interval = settings.seconds(section, "heartbeat_interval_secs");
    if (settings.given(section, "heartbeat_tb"))
        extractor.heartbeat_table = read_table_name(settings, section, "heartbeat_tb");
    return extractor;
}

// What would be taken for something else, or be lost, is refused until it is built.
void check_pair(const Settings& settings, const SinkerConfig& sinker, DbType source) {
    const auto name = [](DbType type) {
        return type == DbType::pg ? "pg" : type == DbType::mongo ? "mongo" : "mysql";
    };
    const bool is_of_mongo = source == DbType::mongo || sinker.db_type == DbType::mongo;
    if (sinker.sink_type == SinkType::write && sinker.db_type != source && is_of_mongo)
        throw settings.error("sinker", "db_type",
                             fmt::format("from {} to {} is not built yet in dts {}", name(source),
                                         name(sinker.db_type), DTS_VERSION),
                             "mongo goes to mongo; mysql and pg go to each other, too");
    if (sinker.sink_type == SinkType::sql && source == DbType::mongo)
        throw settings.error("sinker", "sink_type", "sql is not for mongo: it has no SQL");
}

SinkerConfig read_sinker(const Settings& settings, DbType source) {
    constexpr auto section = "sinker";
    SinkerConfig sinker;
    sinker.sink_type = settings.choice<SinkType>(section, "sink_type");
    sinker.db_type = settings.choice<DbType>(section, "db_type");
    if (sinker.sink_type == SinkType::write && !settings.given(section, "url"))
        throw settings.error(
            section, "url", "is missing: the target's address",
            sinker.db_type == DbType::pg      ? "postgres://user:password@host:port/database"
            : sinker.db_type == DbType::mongo ? "mongodb://user:password@host:port/?replicaSet=name"
                                              : "mysql://user:password@host:port");
    if (settings.given(section, "url")) sinker.endpoint = read_endpoint(settings, section);
    sinker.batch_size = size_of(settings, section, "batch_size");
    sinker.replace = settings.flag(section, "replace");
    sinker.reverse = settings.flag(section, "reverse");
    if (sinker.reverse && sinker.sink_type != SinkType::sql)
        throw settings.error(section, "reverse", "is for sink_type=sql only");
    sinker.disable_foreign_key_checks = settings.flag(section, "disable_foreign_key_checks");
    if (settings.given(section, "transaction_isolation"))
        sinker.transaction_isolation =
            settings.choice<TransactionIsolation>(section, "transaction_isolation");
    if (sinker.db_type == DbType::mongo) {
        sinker.app_name = settings.text(section, "app_name");
        sinker.is_direct_connection = settings.flag(section, "is_direct_connection");
    }
    check_pair(settings, sinker, source);
    return sinker;
}

ParallelizerConfig read_parallelizer(const Settings& settings, DbType source) {
    if (settings.text("parallelizer", "parallel_type") == "mongo" && source != DbType::mongo)
        throw settings.error("parallelizer", "parallel_type",
                             "mongo is for tasks that follow a MongoDB", "set rdb_merge");
    return {settings.choice<ParallelType>("parallelizer", "parallel_type"),
            size_of(settings, "parallelizer", "parallel_size")};
}

PipelineConfig read_pipeline(const Settings& settings) {
    constexpr auto section = "pipeline";
    PipelineConfig pipeline;
    pipeline.buffer_changes = size_of(settings, section, "buffer_size");
    if (const auto megabytes = settings.number(section, "buffer_memory_mb"); megabytes > 0)
        pipeline.buffer_bytes = static_cast<std::uint64_t>(megabytes) << 20;
    pipeline.checkpoint_interval = settings.seconds(section, "checkpoint_interval_secs");
    pipeline.batch_sink_interval = settings.seconds(section, "batch_sink_interval_secs");
    pipeline.exactly_once = settings.choice<ExactlyOnce>(section, "exactly_once");
    return pipeline;
}

FilterConfig read_filter(const Settings& settings, bool from_pg_to_pg, bool from_mongo) {
    const auto text = [&](std::string_view key) { return settings.text("filter", key); };
    WantedDefinitions wanted;
    if (!from_mongo) wanted = read_definitions(settings, from_pg_to_pg);
    return {text("do_dbs"),     text("ignore_dbs"),      text("do_tbs"),
            text("ignore_tbs"), text("do_events"),       text("ignore_cols"),
            wanted.truncates,   std::move(wanted.kinds), {}};
}

RouterConfig read_router(const Settings& settings) {
    const auto text = [&](std::string_view key) { return settings.text("router", key); };
    return {text("db_map"), text("tb_map"), text("col_map")};
}

// What is passed on is marked as the source's own, so only the source's own may be.
DataMarkerConfig read_data_marker(const Settings& settings, bool from_pg_to_pg) {
    constexpr auto section = "data_marker";
    DataMarkerConfig marker{settings.text(section, "src_node")};
    for (const char* key :
         {"topo_name", "topo_nodes", "src_node", "dst_node", "do_nodes", "ignore_nodes"}) {
        if (!settings.given(section, key)) continue;
        if (!from_pg_to_pg)
            throw settings.error(
                section, key,
                fmt::format("is not built yet but from pg to pg in dts {}", DTS_VERSION));
        if (marker.src_node.empty())
            throw settings.error(section, "src_node", "is missing: the source's name in the ring");
    }
    if (marker.src_node.find_first_of(":, ") != std::string::npos)
        throw settings.error(section, "src_node", "has a colon, a comma or a blank in it");
    const auto do_nodes = settings.text(section, "do_nodes");
    if (!do_nodes.empty() && do_nodes != marker.src_node)
        throw settings.error(
            section, "do_nodes",
            fmt::format("others than src_node are not built yet in dts {}", DTS_VERSION),
            "name src_node alone, and give each pair of members its own tasks");
    if (!marker.src_node.empty() && settings.text(section, "ignore_nodes") == marker.src_node)
        throw settings.error(section, "ignore_nodes", "names src_node: nothing would be synced");
    return marker;
}

RuntimeConfig read_runtime(const Settings& settings) {
    return {settings.choice<LogLevel>("runtime", "log_level"), settings.text("runtime", "log_dir")};
}

std::string place_of(const EndpointConfig& endpoint) {
    return endpoint.db_type == DbType::pg
               ? fmt::format("{}/{}", endpoint.display_name(), endpoint.database)
               : endpoint.display_name();
}

// Not of the filters: a task whose filters are edited goes on where it was.
std::string derived_task_id(const TaskConfig& config) {
    const auto& sinker = config.sinker;
    const auto target = sinker.sink_type == SinkType::write ? place_of(*sinker.endpoint)
                        : sinker.sink_type == SinkType::sql ? std::string("sql")
                                                            : std::string("dummy");
    return fmt::format("{}@{}->{}", config.name, place_of(config.extractor.endpoint), target);
}

GlobalConfig read_global(const Settings& settings, const TaskConfig& config) {
    GlobalConfig global;
    global.task_id = settings.given("global", "task_id").value_or(derived_task_id(config));
    global.enabled = settings.flag("global", "enabled");
    global.on_conflict = settings.choice<OnConflict>("global", "on_conflict");
    if (global.task_id.size() > longest_task_id)
        throw settings.error(
            "global", "task_id",
            fmt::format("has {} bytes, {} are possible", global.task_id.size(), longest_task_id),
            "set a shorter one");
    return global;
}

void note_database(const EndpointConfig& endpoint, std::vector<std::string>& notes) {
    if (endpoint.database.empty() || endpoint.db_type != DbType::mysql) return;
    notes.push_back(fmt::format("the database in {} has no effect, [filter] and [router] name them",
                                endpoint.masked_url));
}

void note_streaming(const Settings& settings, const TaskConfig& config,
                    std::vector<std::string>& notes) {
    if (config.data_marker.src_node.empty()) return;
    if (settings.given("extractor", "stream_in_progress") &&
        settings.flag("extractor", "stream_in_progress"))
        notes.push_back(
            "[extractor] stream_in_progress=true has no effect with [data_marker]: large "
            "transactions are read when they commit");
}

}  // namespace

TableName read_table_name(const Settings& settings, std::string_view section,
                          std::string_view key) {
    const auto text = settings.text(section, key);
    const auto unquoted = [](std::string part) {
        if (part.size() > 2 && part.front() == part.back() &&
            (part.front() == '`' || part.front() == '"'))
            return part.substr(1, part.size() - 2);
        return part;
    };
    const auto dot = text.find('.');
    const bool is_table_name = dot != std::string::npos && dot > 0 && dot + 1 < text.size() &&
                               text.find('.', dot + 1) == std::string::npos;
    if (!is_table_name)
        throw settings.error(section, key, fmt::format("{} is not of the form db.tb", text));
    return {unquoted(text.substr(0, dot)), unquoted(text.substr(dot + 1))};
}

TaskConfig make_task_config(const IniFile& ini, std::string_view name, const IniFile* defaults) {
    const Settings settings(ini, defaults);
    TaskConfig config;
    config.name = name;
    config.extractor = read_extractor(settings);
    config.sinker = read_sinker(settings, config.extractor.endpoint.db_type);
    config.parallelizer = read_parallelizer(settings, config.extractor.endpoint.db_type);
    config.pipeline = read_pipeline(settings);
    const bool from_pg_to_pg = config.extractor.endpoint.db_type == DbType::pg &&
                               config.sinker.db_type == DbType::pg &&
                               config.sinker.sink_type == SinkType::write;
    const bool from_mongo = config.extractor.endpoint.db_type == DbType::mongo;
    config.filter = read_filter(settings, from_pg_to_pg, from_mongo);
    // A definition statement must not be applied twice.
    if (!config.filter.definitions.empty()) config.pipeline.exactly_once = ExactlyOnce::required;
    if (from_mongo)
        config.filter.collection_ddls =
            read_collection_ddls(settings, config.extractor.mongo_cdc.follows_oplog,
                                 config.pipeline.exactly_once == ExactlyOnce::off);
    config.router = read_router(settings);
    config.data_marker = read_data_marker(settings, from_pg_to_pg);
    check_document_rules(settings, config.extractor.endpoint.db_type);
    config.resumer = read_resumer(settings, config.sinker.sink_type == SinkType::write);
    config.runtime = read_runtime(settings);
    config.global = read_global(settings, config);
    config.notes = settings.notes();
    note_streaming(settings, config, config.notes);
    note_database(config.extractor.endpoint, config.notes);
    if (config.sinker.endpoint) note_database(*config.sinker.endpoint, config.notes);
    return config;
}

TaskConfig load_task_config(const std::filesystem::path& ini, std::string_view name,
                            const std::optional<std::filesystem::path>& defaults) {
    const auto task_file = read_ini_file(ini);
    if (!defaults) return make_task_config(task_file, name, nullptr);
    const auto defaults_file = read_ini_file(*defaults);
    return make_task_config(task_file, name, &defaults_file);
}

}  // namespace dts
