#include "lib/config/key_table.hpp"

namespace dts {
namespace {

constexpr std::int64_t int64_max = INT64_MAX;
constexpr std::int64_t day_secs = 86400;

constexpr Key text(std::string_view section, std::string_view name, std::string_view default_value,
                   std::string_view help) {
    return {section, name, KeyType::text, default_value, help};
}
constexpr Key secret(std::string_view section, std::string_view name, std::string_view help) {
    return {section, name, KeyType::secret, "", help};
}
constexpr Key json(std::string_view section, std::string_view name, std::string_view help) {
    return {section, name, KeyType::json, "", help};
}
constexpr Key flag(std::string_view section, std::string_view name, std::string_view default_value,
                   std::string_view help) {
    return {section, name, KeyType::flag, default_value, help};
}
constexpr Key number(std::string_view section, std::string_view name,
                     std::string_view default_value, std::int64_t min, std::int64_t max,
                     std::string_view help) {
    return {section, name, KeyType::number, default_value, help, min, max};
}
constexpr Key choice(std::string_view section, std::string_view name,
                     std::string_view default_value, std::string_view choices,
                     std::string_view help) {
    return {section, name, KeyType::choice, default_value, help, 0, 0, choices};
}

constexpr auto mysql = KeyScope::mysql;
constexpr auto pg = KeyScope::pg;
constexpr auto mongo = KeyScope::mongo;
constexpr auto snapshot = KeyScope::snapshot;

constexpr SectionHelp sections[] = {
    {"global", "the task as a whole"},
    {"extractor", "what is read"},
    {"sinker", "what is written to"},
    {"parallelizer", "how changes are grouped"},
    {"pipeline", "buffers, intervals and the checkpoint"},
    {"filter",
     "which changes are synced: items by comma, * any characters, ? none or one, `name` (pg: "
     "\"name\") taken literally; ignore_* beats do_*; nothing in do_*: nothing is synced; the db "
     "of pg is the schema"},
    {"router", "other names in the target; no wildcards"},
    {"resumer", "where the position to go on from is found"},
    {"data_marker", "keeps two-way syncs from sending changes back"},
    {"runtime", "logs"},
    {"checker", "compares source and target"},
    {"checker_output", "what a check writes"},
    {"checker_cdc", "checks while changes are synced"},
    {"processor", "changes rows by a script"},
    {"metrics", "of other programs: dtsd serves the metrics"},
    {"metacenter", "of other programs"},
    {"tracing", "of other programs"},
};

constexpr Key keys[] = {
    text("global", "task_id", "",
         "names the task in the target's checkpoint; made of the task's name and its two endpoints "
         "when empty"),
    flag("global", "enabled", "true", "false: dtsd does not start the task"),
    choice("global", "on_conflict", "refuse", "refuse, take_over",
           "what to do when another worker holds the task"),

    choice("extractor", "db_type", "", "mysql, pg, mongo", "the kind of the source database")
        .required(),
    choice("extractor", "extract_type", "", "cdc, snapshot, snapshot_and_cdc, struct",
           "cdc follows the source's changes")
        .not_built("snapshot, snapshot_and_cdc, struct")
        .required(),
    secret("extractor", "url",
           "the source's address: mysql://user:password@host:port?ssl-mode=disabled, "
           "postgres://user:password@host:port/database?sslmode=disable, "
           "mongodb://user:password@host:port,host:port/?replicaSet=name")
        .required(),
    text("extractor", "username", "", "the source's account, when the url names none"),
    secret("extractor", "password", "the account's password, when the url holds none"),
    text("extractor", "password_file", "",
         "a file that holds the password; ${CREDENTIALS_DIRECTORY} and ${ENV} expand"),
    choice("extractor", "ssl_mode", "disable", "disable, prefer, require, verify_ca, verify_full",
           "how much of TLS is asked for, when the url does not say"),
    text("extractor", "ssl_ca_path", "", "the certificates to verify the server with"),
    number("extractor", "max_connections", "10", 1, 10000, "connections to the source at most"),
    number("extractor", "batch_size", "", 1, 10000000,
           "rows read at a time; [pipeline] buffer_size when empty")
        .only(snapshot),
    number("extractor", "max_rps", "0", 0, int64_max, "changes read a second at most, 0: no limit")
        .not_built(),
    number("extractor", "max_mbps", "0", 0, int64_max,
           "megabytes read a second at most, 0: no limit")
        .not_built(),
    choice("extractor", "parallel_type", "table", "table, chunk",
           "what is read side by side: tables, or chunks of one")
        .only(snapshot),
    number("extractor", "parallel_size", "1", 1, 1024, "how many are read side by side")
        .only(snapshot),
    json("extractor", "partition_cols", "the columns that tables are cut into chunks by")
        .only(snapshot),
    flag("extractor", "with_struct", "false", "make the target's tables first").not_built(),
    number("extractor", "connection_timeout_secs", "15", 1, 3600,
           "how long connecting to the source may take"),
    number("extractor", "sample_interval", "1", 1, int64_max, "reads every n-th row only")
        .only(snapshot),
    flag("extractor", "is_cluster", "false", "the source is a cluster").only(mongo),

    number("extractor", "server_id", "", 1, 4294967295,
           "the id dts takes among the source's replicas; no other replica may have it")
        .only(mysql)
        .required(),
    text("extractor", "binlog_filename", "",
         "the binlog to start in; the source's current end when empty")
        .only(mysql),
    number("extractor", "binlog_position", "0", 0, int64_max,
           "the offset to start at in binlog_filename")
        .only(mysql),
    flag("extractor", "gtid_enabled", "false",
         "start and resume by GTID instead of file and offset")
        .only(mysql),
    text("extractor", "gtid_set", "",
         "what the target already has; the source's current end when empty")
        .only(mysql),
    number("extractor", "binlog_heartbeat_interval_secs", "10", 1, day_secs,
           "how often the server shows a sign of life when it has nothing to send")
        .only(mysql),
    number("extractor", "binlog_timeout_secs", "60", 1, day_secs,
           "without a sign of life for so long the connection counts as lost")
        .only(mysql),
    number("extractor", "keepalive_idle_secs", "60", 1, day_secs,
           "idle time before the first TCP keep-alive")
        .only(mysql),
    number("extractor", "heartbeat_interval_secs", "10", 1, day_secs,
           "how often heartbeat_tb is written"),
    text("extractor", "heartbeat_tb", "",
         "db.tb of a table in the source that is written regularly, so that positions move; off "
         "when empty"),
    text("extractor", "start_time_utc", "", "start at the first change of that time").not_built(),
    text("extractor", "end_time_utc", "", "end at the first change after that time").not_built(),

    text("extractor", "slot_name", "",
         "the replication slot; made at the first start when it is not there, never on resume")
        .only(pg)
        .required(),
    text("extractor", "pub_name", "",
         "the publication; SLOT_publication_for_all_tables when empty; made like the slot, for the "
         "tables that the filter selects then")
        .only(pg),
    text("extractor", "start_lsn", "",
         "the LSN to start at, which the slot must hold; where the slot stands when empty")
        .only(pg),
    flag("extractor", "recreate_slot_if_exists", "false",
         "make the slot anew at the first start; never on resume")
        .only(pg),
    flag("extractor", "stream_in_progress", "true",
         "large transactions are read while they go on (server version 14 and later), and kept in "
         "[runtime] log_dir until they commit, while there is room; not with [data_marker]")
        .only(pg),
    flag("extractor", "binary_values", "true",
         "values are read in binary (server version 14 and later) where dts makes the server's own "
         "text of all types that the tables have; else as text")
        .only(pg),
    number("extractor", "keepalive_interval_secs", "10", 1, day_secs,
           "how often the server hears of dts at least")
        .only(pg),
    text("extractor", "ddl_meta_tb", "",
         "schema.table at the source that an event trigger notes its DDL in, as the README says")
        .only(pg),

    choice("extractor", "source", "change_stream", "op_log, change_stream", "what is followed")
        .only(mongo),
    secret("extractor", "resume_token", "the change stream's token to start after").only(mongo),
    number("extractor", "start_timestamp", "0", 0, 4294967295,
           "the second to start at; 0: the current end")
        .only(mongo),
    text("extractor", "app_name", "", "the name dts shows to the server").only(mongo),
    flag("extractor", "is_direct_connection", "false", "talk to this server only").only(mongo),

    choice("sinker", "db_type", "mysql", "mysql, pg, mongo", "the kind of the target database"),
    choice("sinker", "sink_type", "write", "write, sql, dummy, check, struct",
           "write applies the changes, sql writes them to a file, dummy drops them")
        .not_built("check, struct"),
    secret("sinker", "url",
           "the target's address: mysql://user:password@host:port?ssl-mode=disabled; needed for "
           "sink_type=write"),
    text("sinker", "username", "", "the target's account, when the url names none"),
    secret("sinker", "password", "the account's password, when the url holds none"),
    text("sinker", "password_file", "",
         "a file that holds the password; ${CREDENTIALS_DIRECTORY} and ${ENV} expand"),
    choice("sinker", "ssl_mode", "disable", "disable, prefer, require, verify_ca, verify_full",
           "how much of TLS is asked for, when the url does not say"),
    text("sinker", "ssl_ca_path", "", "the certificates to verify the server with"),
    number("sinker", "max_connections", "10", 1, 10000, "connections to the target at most"),
    number("sinker", "batch_size", "1000", 1, 100000, "rows written by one statement at most"),
    flag("sinker", "replace", "true", "an insert replaces the row that is already there"),
    flag("sinker", "reverse", "false", "sink_type=sql: write the statements that undo the changes"),
    flag("sinker", "disable_foreign_key_checks", "true",
         "the target does not check foreign keys while changes are applied"),
    choice("sinker", "transaction_isolation", "",
           "read-uncommitted, read-committed, repeatable-read, serializable",
           "of the target's transactions; the server's own when empty"),
    number("sinker", "max_rps", "0", 0, int64_max, "changes written a second at most, 0: no limit")
        .not_built(),
    number("sinker", "max_mbps", "0", 0, int64_max,
           "megabytes written a second at most, 0: no limit")
        .not_built(),
    choice("sinker", "conflict_policy", "interrupt", "interrupt, ignore",
           "what to do with an object that is already there")
        .not_built(),
    number("sinker", "connection_timeout_secs", "15", 1, 3600,
           "how long connecting to the target may take"),
    text("sinker", "app_name", "", "the name dts shows to the server").only(mongo),
    flag("sinker", "is_direct_connection", "false", "talk to this server only").only(mongo),
    flag("sinker", "is_cluster", "false", "the target is a cluster").only(mongo),
    flag("sinker", "mongo_require_shard_key_filter", "true",
         "refuse to change a sharded collection without its shard key")
        .only(mongo),
    text("sinker", "check_log_*", "", "of other programs").no_effect(),

    choice("parallelizer", "parallel_type", "serial", "serial, rdb_merge, snapshot, mongo",
           "serial: every source transaction is one target transaction, rows in order; the others "
           "apply in groups")
        .not_built("snapshot"),
    number("parallelizer", "parallel_size", "1", 1, 1024, "connections that write side by side"),
    text("parallelizer", "rebalance_*", "", "of other programs").no_effect(),

    number("pipeline", "buffer_size", "16000", 1, 10000000, "changes held in memory at most"),
    number("pipeline", "buffer_memory_mb", "64", 0, 1048576,
           "megabytes of changes held in memory at most; 0: the default"),
    number("pipeline", "checkpoint_interval_secs", "10", 1, day_secs,
           "how often positions are recorded"),
    number("pipeline", "batch_sink_interval_secs", "0", 0, day_secs,
           "how long changes are gathered before they are applied; 0: at once"),
    choice("pipeline", "exactly_once", "auto", "auto, true, false",
           "the checkpoint in the target's own transactions: auto where the target can hold it, "
           "true refuses to start otherwise"),
    number("pipeline", "max_rps", "0", 0, int64_max,
           "changes applied a second at most, 0: no limit")
        .not_built(),
    text("pipeline", "http_host", "", "of other programs: dtsd serves the metrics").no_effect(),
    text("pipeline", "http_port", "", "of other programs: dtsd serves the metrics").no_effect(),
    text("pipeline", "counter_*", "", "of other programs").no_effect(),
    text("pipeline", "pipeline_type", "", "of other programs").no_effect(),

    text("filter", "do_dbs", "", "databases to sync: db1,db2*"),
    text("filter", "ignore_dbs", "", "databases not to sync"),
    text("filter", "do_tbs", "", "tables to sync: db.tb,db2.*,*.tb"),
    text("filter", "ignore_tbs", "", "tables not to sync"),
    text("filter", "do_events", "*", "of insert,update,delete; * for all"),
    text(
        "filter", "do_ddls", "",
        "definition statements to sync, none when empty; * for all. From pg to pg: truncate_table, "
        "and with ddl_meta_tb create_schema, drop_schema, create_table, alter_table, rename_table, "
        "drop_table, create_index, drop_index. From mongo: create_table, drop_table, rename_table, "
        "alter_table, create_index, drop_index, drop_database"),
    text("filter", "do_dcls", "", "grants and accounts to sync; none when empty").not_built(),
    text("filter", "do_structures", "*", "what of the tables' structure is made").not_built(),
    json("filter", "ignore_cols",
         "columns not to sync: json:[{\"db\":\"d\",\"tb\":\"t\",\"ignore_cols\":[\"c\"]}]"),
    json("filter", "where_conditions", "which rows of a snapshot are read").not_built(),
    text("filter", "ignore_cmds", "", "of other programs").no_effect(),

    text("router", "db_map", "", "other names of databases: a:b,c:d"),
    text("router", "tb_map", "", "other names of tables: a.t:b.u; goes before db_map"),
    json("router", "col_map",
         "other names of columns: json:[{\"db\":\"d\",\"tb\":\"t\",\"col_map\":{\"c\":\"x\"}}]"),
    text("router", "topic_map", "", "of other programs").no_effect(),

    flag("resumer", "resume_from_log", "false", "go on behind the last record of position.log"),
    text("resumer", "resume_log_dir", "",
         "the directory of position.log; [runtime] log_dir when empty"),
    text("resumer", "resume_config_file", "", "a file with the record to go on from"),
    choice("resumer", "resume_type", "", "dummy, from_log, from_target, from_db",
           "the newer spelling: from_log is resume_from_log=true, dummy is false, from_target and "
           "from_db read a position table"),
    text("resumer", "log_dir", "", "the newer spelling of resume_log_dir"),
    text("resumer", "config_file", "", "the newer spelling of resume_config_file"),
    secret("resumer", "url", "the address of the database that holds the position table (from_db)"),
    choice("resumer", "db_type", "mysql", "mysql, pg, mongo", "its kind").not_built("mongo"),
    text("resumer", "username", "", "its account, when the url names none"),
    secret("resumer", "password", "the account's password, when the url holds none"),
    text("resumer", "password_file", "",
         "a file that holds the password; ${CREDENTIALS_DIRECTORY} and ${ENV} expand"),
    text("resumer", "table_full_name", "dts_metadata.task_position", "the position table"),
    number("resumer", "max_connections", "1", 1, 10000, "connections to that database at most"),

    text("data_marker", "topo_name", "", "the ring of syncs this task belongs to; from pg to pg"),
    text("data_marker", "topo_nodes", "", "the members of the ring"),
    text("data_marker", "src_node", "",
         "the source's name in the ring: the target's transactions are marked with it, by a "
         "replication origin"),
    text("data_marker", "dst_node", "", "the target's name in the ring"),
    text("data_marker", "do_nodes", "",
         "members whose changes are synced: src_node, since changes that dts has written to the "
         "source are not passed on"),
    text("data_marker", "ignore_nodes", "", "members whose changes are not synced"),
    text("data_marker", "marker", "", "the table that marks synced transactions").not_built(),

    choice("runtime", "log_level", "info", "trace, debug, info, warn, error",
           "what default.log shows at least"),
    text("runtime", "log_dir", "./logs",
         "the directory of the logs and of position.log; one worker at a time"),
    text("runtime", "log4rs_file", "", "of other programs").no_effect(),
    number("runtime", "tb_parallel_size", "1", 1, 1024,
           "the older spelling of [extractor] parallel_size")
        .only(snapshot),
    flag("runtime", "check_result_stdout_only", "false", "of other programs").no_effect(),

    text("checker", "*", "", "every setting of a check").not_built(),
    text("checker_output", "*", "", "every setting of a check").not_built(),
    text("checker_cdc", "*", "", "every setting of a check").not_built(),
    text("processor", "lua_code_file", "", "the script").not_built(),
    text("metrics", "http_host", "", "of other programs").no_effect(),
    text("metrics", "http_port", "", "of other programs").no_effect(),
    text("metrics", "workers", "", "of other programs").no_effect(),
    text("metrics", "labels", "", "of other programs").no_effect(),
    text("metacenter", "*", "", "of other programs").no_effect(),
    text("tracing", "*", "", "of other programs").no_effect(),
};

}  // namespace

std::span<const Key> key_table() noexcept {
    return keys;
}

std::span<const SectionHelp> section_table() noexcept {
    return sections;
}

}  // namespace dts
