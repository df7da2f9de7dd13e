// Everything a task's ini says, as typed values: what the task is built from. Once it is there, all
// of it has been checked but for the rules of filter and router, which are checked by those.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/config/endpoint.hpp"
#include "lib/config/ini.hpp"

namespace dts {

// The values of each stand in the order of the choices in the table of keys.
enum class OnConflict : std::uint8_t { refuse, take_over };
enum class ExtractType : std::uint8_t { cdc, snapshot, snapshot_and_cdc, structure };
enum class SinkType : std::uint8_t { write, sql, dummy, check, structure };
enum class TransactionIsolation : std::uint8_t {
    read_uncommitted,
    read_committed,
    repeatable_read,
    serializable,
};
enum class ParallelType : std::uint8_t { serial, rdb_merge, snapshot, mongo };
enum class ExactlyOnce : std::uint8_t { automatic, required, off };
enum class LogLevel : std::uint8_t { trace, debug, info, warn, error };
enum class ResumeFrom : std::uint8_t {
    nothing,  ///< the resume file, else the extractor's settings
    log,      ///< position.log
    target,   ///< the position table in the target
    db,       ///< the position table in another database
};

/// db.tb
struct TableName {
    std::string schema;
    std::string table;
};

struct GlobalConfig {
    std::string task_id;
    bool enabled = true;
    OnConflict on_conflict = OnConflict::refuse;
};

struct MysqlCdcConfig {
    std::uint32_t server_id = 0;
    std::string binlog_filename;  ///< empty: the current end
    std::uint64_t binlog_position = 0;
    bool gtid_enabled = false;
    std::string gtid_set;
    std::chrono::seconds binlog_heartbeat_interval{10};
    std::chrono::seconds binlog_timeout{60};
    std::chrono::seconds keepalive_idle{60};
};

struct PostgresCdcConfig {
    std::string slot_name;
    std::string publication;
    std::string start_lsn;  ///< as written, and well formed; empty: where the slot stands
    bool recreate_slot = false;
    bool stream_in_progress = true;
    bool binary_values = true;
    std::chrono::seconds keepalive_interval{10};
    std::optional<TableName> definition_table;  ///< ddl_meta_tb
};

struct MongoCdcConfig {
    bool follows_oplog = false;         ///< else a change stream
    std::string resume_token;           ///< JSON, or its _data alone; empty: none given
    std::uint32_t start_timestamp = 0;  ///< seconds since the epoch; 0: the current end
};

struct ExtractorConfig {
    ExtractType extract_type = ExtractType::cdc;
    EndpointConfig endpoint;
    std::uint32_t batch_size = 0;
    std::uint32_t parallel_size = 1;
    MysqlCdcConfig mysql_cdc;  ///< one of the three counts: that of the endpoint's db_type
    PostgresCdcConfig postgres_cdc;
    MongoCdcConfig mongo_cdc;
    std::string app_name;               ///< mongo: shown to the server; empty: the task's name
    bool is_direct_connection = false;  ///< mongo
    std::chrono::seconds heartbeat_interval{10};
    std::optional<TableName> heartbeat_table;
};

struct SinkerConfig {
    SinkType sink_type = SinkType::write;
    DbType db_type = DbType::mysql;
    std::optional<EndpointConfig> endpoint;  ///< always there for SinkType::write
    std::uint32_t batch_size = 1000;
    bool replace = true;
    bool reverse = false;
    bool disable_foreign_key_checks = true;
    std::string app_name;                                       ///< mongo, as the extractor's
    bool is_direct_connection = false;                          ///< mongo
    std::optional<TransactionIsolation> transaction_isolation;  ///< nothing: the server's own
};

struct ParallelizerConfig {
    ParallelType parallel_type = ParallelType::serial;
    std::uint32_t parallel_size = 1;
};

struct PipelineConfig {
    std::uint32_t buffer_changes = 16000;
    std::uint64_t buffer_bytes = 64ULL << 20;
    std::chrono::seconds checkpoint_interval{10};
    std::chrono::seconds batch_sink_interval{0};
    ExactlyOnce exactly_once = ExactlyOnce::automatic;
};

/// As written; lib/pipeline/filter.hpp reads them.
struct FilterConfig {
    std::string do_dbs, ignore_dbs, do_tbs, ignore_tbs, do_events, ignore_cols;
    bool truncates = false;                    ///< do_ddls has truncate_table
    std::vector<std::string> definitions;      ///< what else it has: "create_table", ...
    std::vector<std::string> collection_ddls;  ///< mongo: the items of do_ddls
};

/// As written; lib/pipeline/router.hpp reads them.
struct RouterConfig {
    std::string db_map, tb_map, col_map;
};

/// Two-way syncs; nothing is marked when src_node is empty.
struct DataMarkerConfig {
    std::string src_node;
};

struct ResumerConfig {
    ResumeFrom resume_from = ResumeFrom::nothing;
    std::optional<std::filesystem::path> log_dir;  ///< nothing: the task's own log directory
    std::optional<std::filesystem::path> config_file;
    std::optional<EndpointConfig> database;  ///< there for ResumeFrom::db
    TableName position_table;
};

struct RuntimeConfig {
    LogLevel log_level = LogLevel::info;
    std::filesystem::path log_dir;
};

struct TaskConfig {
    std::string name;
    GlobalConfig global;
    ExtractorConfig extractor;
    SinkerConfig sinker;
    ParallelizerConfig parallelizer;
    PipelineConfig pipeline;
    FilterConfig filter;
    RouterConfig router;
    DataMarkerConfig data_marker;
    ResumerConfig resumer;
    RuntimeConfig runtime;
    std::vector<std::string> notes;  ///< what the log should say once
};

/// The configuration of the task `name`. Throws Error{config} with file, line and key. Reads
/// nothing but the two files and the password files they name.
TaskConfig load_task_config(const std::filesystem::path& ini, std::string_view name,
                            const std::optional<std::filesystem::path>& defaults = std::nullopt);

/// The same from files already read; `defaults` may be nullptr.
TaskConfig make_task_config(const IniFile& ini, std::string_view name, const IniFile* defaults);

}  // namespace dts
