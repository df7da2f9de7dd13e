// A database's address and account, put together from the url, the keys beside it, and the password
// file. The same thing said twice in two ways is an error, not a guess.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/ssl_mode.hpp"
#include "lib/config/settings.hpp"

namespace dts {

enum class DbType : std::uint8_t { mysql, pg, mongo };

struct EndpointConfig {
    DbType db_type = DbType::mysql;
    std::string host;  ///< mongo: all of them, with their ports
    std::uint16_t port = 0;
    std::string username;
    std::string password;
    SslMode ssl_mode = SslMode::disable;
    std::string ssl_ca_path;
    std::string database;  ///< of the url; mysql connects without one
    std::vector<std::pair<std::string, std::string>> session_settings;  ///< of the url; pg
    std::chrono::seconds connection_timeout{15};
    unsigned max_connections = 10;
    std::string masked_url;  ///< for messages
    std::string driver_url;  ///< mongo: as written, for the driver; may hold the password

    /// host:port, an IPv6 address in brackets; of mongo all hosts.
    std::string display_name() const;
};

/// The endpoint of a section that has a url. Throws Error{config}; a message never shows the
/// password.
EndpointConfig read_endpoint(const Settings& settings, std::string_view section);

/// ${NAME} replaced by the environment's. Throws Error{config} for a variable that is not set.
std::string expand_environment(std::string_view text);

/// The password a file holds, without the newline at its end. Throws Error{config}.
std::string read_password_file(const std::filesystem::path& path);

}  // namespace dts
