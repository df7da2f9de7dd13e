// The least a task's ini must say, and what becomes of it with more text behind.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/error.hpp"
#include "lib/config/task_config.hpp"

namespace dts {

inline constexpr std::string_view minimal_ini =
    "[extractor]\n"
    "db_type=mysql\n"
    "extract_type=cdc\n"
    "url=mysql://root:pw@127.0.0.1:3306?ssl-mode=disabled\n"
    "server_id=2000\n"
    "[sinker]\n"
    "db_type=mysql\n"
    "url=mysql://root:pw@127.0.0.1:3307\n";

inline TaskConfig config_of(std::string_view more = {}, std::string_view defaults = {}) {
    const auto under = parse_ini(defaults, "dts.conf");
    const auto ini = parse_ini(std::string(minimal_ini) + std::string(more), "task1.ini");
    return make_task_config(ini, "task1", &under);
}

/// What the error says; empty when there is none. Every error here must be one of the settings.
inline std::string fault_with(std::string_view more, std::string_view defaults = {}) {
    try {
        config_of(more, defaults);
    } catch (const Error& error) {
        return error.kind() == ErrorKind::config ? error.what()
                                                 : "wrong kind of error: " + error.text();
    }
    return {};
}

}  // namespace dts
