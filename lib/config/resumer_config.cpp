// [resumer] has an older and a newer spelling for the same things. Both may be used; where they
// differ the task's file beats the defaults', and within one file it is an error.
#include "lib/config/resumer_config.hpp"

#include <fmt/format.h>

namespace dts {
namespace {

constexpr std::string_view section = "resumer";

// The one of two keys that counts, empty when neither is set.
std::string_view spelling(const Settings& settings, std::string_view older, std::string_view newer,
                          bool differ) {
    const auto older_layer = settings.layer(section, older);
    const auto newer_layer = settings.layer(section, newer);
    if (!newer_layer) return older_layer ? older : std::string_view();
    if (!older_layer) return newer;
    if (*older_layer == *newer_layer && differ)
        throw settings.error(section, newer, fmt::format("differs from {}", older),
                             "they are two spellings of one setting: leave one of them");
    return *older_layer > *newer_layer ? older : newer;
}

std::optional<std::filesystem::path> path_of(const Settings& settings, std::string_view older,
                                             std::string_view newer) {
    const bool differ = settings.given(section, older) != settings.given(section, newer);
    const auto key = spelling(settings, older, newer, differ);
    if (key.empty()) return std::nullopt;
    return settings.text(section, key);
}

ResumeFrom resume_from(const Settings& settings) {
    const auto by_flag =
        settings.flag(section, "resume_from_log") ? ResumeFrom::log : ResumeFrom::nothing;
    const auto by_type = settings.given(section, "resume_type")
                             ? settings.choice<ResumeFrom>(section, "resume_type")
                             : ResumeFrom::nothing;
    const auto key = spelling(settings, "resume_from_log", "resume_type", by_flag != by_type);
    return key == "resume_type" ? by_type : by_flag;
}

}  // namespace

ResumerConfig read_resumer(const Settings& settings, bool has_target) {
    ResumerConfig resumer;
    resumer.resume_from = resume_from(settings);
    resumer.log_dir = path_of(settings, "resume_log_dir", "log_dir");
    resumer.config_file = path_of(settings, "resume_config_file", "config_file");
    resumer.position_table = read_table_name(settings, section, "table_full_name");
    if (resumer.resume_from == ResumeFrom::db) resumer.database = read_endpoint(settings, section);
    if (resumer.database && resumer.database->db_type == DbType::mongo)
        throw settings.error(section, "db_type", "a position is not read from a mongo database",
                             "resume_type=from_target reads it from the task's own target");
    if (resumer.resume_from == ResumeFrom::target && !has_target)
        throw settings.error(section, "resume_type", "from_target needs [sinker] sink_type=write");
    return resumer;
}

}  // namespace dts
