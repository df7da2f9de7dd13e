// Addresses of databases as they stand in settings. Everything in a message comes from masked():
// a password, or what might be one, is never shown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/ssl_mode.hpp"

namespace dts {

enum class UrlScheme : std::uint8_t { mysql, postgres, mongodb };

/// By what stands in front of "://"; nothing when it is none of these.
std::optional<UrlScheme> scheme_of(std::string_view url) noexcept;

/// The address with *** for the password and without its parameters. When in doubt it hides more.
std::string masked(std::string_view url);

struct DatabaseUrl {
    std::string host;  ///< an IPv6 address without its brackets
    std::uint16_t port = 0;
    std::optional<std::string> username;  ///< percent-decoded, as the two below
    std::optional<std::string> password;
    std::string database;
    std::optional<SslMode> ssl_mode;
    std::optional<std::string> ssl_ca_path;
    std::vector<std::pair<std::string, std::string>> settings;  ///< Postgres: of the session
};

/// mysql://user:password@host:port?ssl-mode=disabled&ssl-ca=/path. Throws Error{config}.
DatabaseUrl parse_mysql_url(std::string_view url);

/// postgres://user:password@host:port/database?sslmode=disable&options[statement_timeout]=10s, or
/// postgresql://. Throws Error{config}, also when no database is named.
DatabaseUrl parse_postgres_url(std::string_view url);

/// mongodb://user:password@host:port,host:port/database?parameters, or mongodb+srv://host. Only
/// hosts (in `host`, as they stand, with their ports) and account are taken out: the driver reads
/// the rest. Throws Error{config}.
DatabaseUrl parse_mongo_url(std::string_view url);

}  // namespace dts
