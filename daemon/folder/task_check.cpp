#include "daemon/folder/task_check.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <map>

#include "lib/pipeline/filter.hpp"
#include "lib/pipeline/router.hpp"

namespace dts {

namespace {

bool names_unset_variable(std::string_view text) {
    for (auto begin = text.find("${"); begin != std::string_view::npos;
         begin = text.find("${", begin + 2)) {
        const auto end = text.find('}', begin);
        if (end == std::string_view::npos) return false;
        const std::string name(text.substr(begin + 2, end - begin - 2));
        if (std::getenv(name.c_str()) == nullptr) return true;
    }
    return false;
}

/// A password file that only the worker's environment names stands for some password.
IniFile with_unknown_passwords(IniFile ini) {
    for (IniEntry& entry : ini.entries) {
        if (entry.key != "password_file" || !names_unset_variable(entry.value)) continue;
        entry.key = "password";
        entry.value = "unknown here";
    }
    return ini;
}

/// FNV-1a over everything in force, each value behind its name.
std::string fingerprint_of(const IniFile& ini, const IniFile* defaults) {
    std::map<std::pair<std::string, std::string>, std::string> in_force;
    for (const IniFile* file : {defaults, &ini}) {
        if (file == nullptr) continue;
        for (const IniEntry& entry : file->entries) {
            if (entry.value.empty()) continue;
            in_force[{entry.section, entry.key}] = entry.value;
        }
    }
    in_force.erase({"global", "enabled"});
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    const auto add = [&hash](std::string_view text) {
        for (const char c : text) {
            hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
        }
        hash = (hash ^ 0xffU) * 0x100000001b3ULL;
    };
    for (const auto& [key, value] : in_force) {
        add(key.first);
        add(key.second);
        add(value);
    }
    return fmt::format("{:016x}", hash);
}

}  // namespace

CheckedTask check_task(const IniFile& ini, std::string_view name, const IniFile* defaults,
                       WorkerEnvironment environment, const std::filesystem::path& log_directory) {
    CheckedTask checked;
    if (environment == WorkerEnvironment::theirs) {
        const IniFile readable = with_unknown_passwords(ini);
        const IniFile readable_defaults =
            defaults != nullptr ? with_unknown_passwords(*defaults) : IniFile();
        checked.config =
            make_task_config(readable, name, defaults != nullptr ? &readable_defaults : nullptr);
    } else {
        checked.config = make_task_config(ini, name, defaults);
    }
    // Their rules are checked by themselves, as the task does when it is made.
    const FilterConfig& filter = checked.config.filter;
    const RouterConfig& router = checked.config.router;
    [[maybe_unused]] const Filter filter_check(FilterRules{filter.do_dbs, filter.ignore_dbs,
                                                           filter.do_tbs, filter.ignore_tbs,
                                                           filter.do_events, filter.ignore_cols});
    [[maybe_unused]] const Router router_check(
        RouterRules{router.db_map, router.tb_map, router.col_map});
    checked.fingerprint = fingerprint_of(ini, defaults);
    checked.claims = claims_of(checked.config, ini, log_directory);
    return checked;
}

}  // namespace dts
