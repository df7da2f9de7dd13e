#include "daemon/folder/task_conflicts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace dts {

namespace {

// One server under two names would go unseen; these are the names that everybody mixes.
std::string place_of(const EndpointConfig& endpoint) {
    std::string host = endpoint.host;
    std::ranges::transform(host, host.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    if (host == "localhost" || host == "::1") host = "127.0.0.1";
    EndpointConfig same = endpoint;
    same.host = host;
    return same.display_name();
}

std::string value_of(const IniFile& ini, std::string_view section, std::string_view key) {
    for (const IniEntry& entry : ini.entries) {
        if (entry.section == section && entry.key == key) return entry.value;
    }
    return {};
}

std::string real_path(const std::filesystem::path& path) {
    std::error_code failed;
    const auto real = std::filesystem::weakly_canonical(path, failed);
    return failed ? path.lexically_normal().string() : real.string();
}

/// What the second of two cannot have, with a hint; nothing when they do not meet.
std::optional<std::string> clash(const TaskClaims& first, const TaskClaims& second) {
    const auto says = [&](const std::string& what, std::string_view hint) {
        return fmt::format("task {} and task {} would share {}, HINT: {}", second.task, first.task,
                           what, hint);
    };
    if (first.log_directory == second.log_directory) {
        return says(fmt::format("the log directory {}", first.log_directory),
                    "each task needs its own: one of the two folders is a link to the other");
    }
    if (!first.written_log_dir.empty() && first.written_log_dir == second.written_log_dir) {
        return says(
            fmt::format("the log directory {}", first.written_log_dir),
            "take [runtime] log_dir out of one of them: the daemon gives each task its own");
    }
    if (first.source == second.source && first.server_id != 0 &&
        first.server_id == second.server_id) {
        return says(fmt::format("the server_id {} on source {}", first.server_id, first.source),
                    fmt::format("give {} another [extractor] server_id", second.task));
    }
    if (first.source == second.source && !first.slot.empty() && first.slot == second.slot) {
        return says(fmt::format("the replication slot {} on source {}", first.slot, first.source),
                    fmt::format("give {} another [extractor] slot_name", second.task));
    }
    if (!first.target.empty() && first.target == second.target && first.task_id == second.task_id) {
        return says(
            fmt::format("the checkpoint of task_id '{}' on target {}", first.task_id, first.target),
            fmt::format("give {} another [global] task_id", second.task));
    }
    return std::nullopt;
}

}  // namespace

TaskClaims claims_of(const TaskConfig& config, const IniFile& ini,
                     const std::filesystem::path& log_directory) {
    TaskClaims claims;
    claims.task = config.name;
    claims.log_directory = real_path(log_directory);
    const std::filesystem::path written = value_of(ini, "runtime", "log_dir");
    if (written.is_absolute()) claims.written_log_dir = real_path(written);
    claims.source = place_of(config.extractor.endpoint);
    if (config.extractor.endpoint.db_type == DbType::mysql &&
        config.extractor.extract_type == ExtractType::cdc) {
        claims.server_id = config.extractor.mysql_cdc.server_id;
    }
    if (config.extractor.endpoint.db_type == DbType::pg) {
        claims.slot = value_of(ini, "extractor", "slot_name");
    }
    if (config.sinker.sink_type == SinkType::write && config.sinker.endpoint) {
        claims.target = place_of(*config.sinker.endpoint);
    }
    claims.task_id = config.global.task_id;
    return claims;
}

std::map<std::string, std::string> find_conflicts(const std::vector<TaskClaims>& claims) {
    std::map<std::string, std::string> refused;
    std::vector<const TaskClaims*> taken;
    for (const TaskClaims& next : claims) {
        std::optional<std::string> problem;
        for (const TaskClaims* before : taken) {
            if (before->task == next.task) continue;
            problem = clash(*before, next);
            if (problem) break;
        }
        if (problem) {
            refused.emplace(next.task, *problem);
        } else {
            taken.push_back(&next);
        }
    }
    return refused;
}

}  // namespace dts
