#include "lib/config/endpoint.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "lib/config/small_file.hpp"
#include "lib/config/url.hpp"

namespace dts {
namespace {

constexpr std::uintmax_t largest_password_bytes = 4096;

// What the url says and what a key beside it says must not differ; neither: the fallback.
template <typename T>
T reconciled(const Settings& settings, std::string_view section, std::string_view key,
             const std::optional<T>& in_url, const std::optional<T>& in_key, T fallback) {
    if (in_url && in_key && *in_url != *in_key)
        throw settings.error(section, key, "differs from what the url says",
                             "leave it in one of the two");
    if (in_key) return *in_key;
    return in_url.value_or(std::move(fallback));
}

std::optional<std::string> password_of_file(const Settings& settings, std::string_view section) {
    const auto path = settings.given(section, "password_file");
    if (!path) return std::nullopt;
    try {
        return read_password_file(expand_environment(*path));
    } catch (const Error& error) {
        throw settings.error(section, "password_file", error.text(), error.hint());
    }
}

std::optional<std::string> password_of_keys(const Settings& settings, std::string_view section) {
    auto password = settings.given(section, "password");
    if (password && settings.given(section, "password_file"))
        throw settings.error(section, "password_file", "is set, and so is password",
                             "leave one of the two");
    return password ? password : password_of_file(settings, section);
}

std::optional<SslMode> ssl_mode_of_keys(const Settings& settings, std::string_view section) {
    if (!settings.given(section, "ssl_mode")) return std::nullopt;
    return settings.choice<SslMode>(section, "ssl_mode");
}

DatabaseUrl parse_url_of(const Settings& settings, std::string_view section, const std::string& url,
                         DbType db_type) {
    try {
        if (db_type == DbType::mongo) return parse_mongo_url(url);
        return db_type == DbType::pg ? parse_postgres_url(url) : parse_mysql_url(url);
    } catch (const Error& error) {
        throw settings.error(section, "url", error.text(), error.hint());
    }
}

}  // namespace

std::string EndpointConfig::display_name() const {
    if (db_type == DbType::mongo) return host;
    const bool is_ipv6 = host.find(':') != std::string::npos;
    return is_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

EndpointConfig read_endpoint(const Settings& settings, std::string_view section) {
    const auto text = settings.given(section, "url");
    if (!text) throw settings.error(section, "url", "is missing");

    EndpointConfig endpoint;
    endpoint.db_type = settings.choice<DbType>(section, "db_type");
    auto url = parse_url_of(settings, section, *text, endpoint.db_type);
    endpoint.session_settings = std::move(url.settings);
    endpoint.host = std::move(url.host);
    endpoint.port = url.port;
    endpoint.database = std::move(url.database);
    endpoint.masked_url = masked(*text);
    if (endpoint.db_type == DbType::mongo) endpoint.driver_url = *text;
    endpoint.username = reconciled<std::string>(settings, section, "username", url.username,
                                                settings.given(section, "username"), "");
    const auto password_key =
        settings.given(section, "password_file") ? "password_file" : "password";
    endpoint.password = reconciled<std::string>(settings, section, password_key, url.password,
                                                password_of_keys(settings, section), "");
    endpoint.max_connections = static_cast<unsigned>(settings.number(section, "max_connections"));
    if (find_key(section, "connection_timeout_secs") != nullptr)
        endpoint.connection_timeout = settings.seconds(section, "connection_timeout_secs");
    endpoint.ssl_mode = reconciled(settings, section, "ssl_mode", url.ssl_mode,
                                   ssl_mode_of_keys(settings, section), SslMode::disable);
    if (endpoint.db_type == DbType::mongo && endpoint.ssl_mode == SslMode::prefer)
        throw settings.error(section, "ssl_mode", "prefer is not for mongo",
                             "it is either TLS (require, verify_ca, verify_full) or not");
    endpoint.ssl_ca_path =
        reconciled<std::string>(settings, section, "ssl_ca_path", url.ssl_ca_path,
                                settings.given(section, "ssl_ca_path"), "");
    return endpoint;
}

std::string expand_environment(std::string_view text) {
    std::string expanded;
    for (;;) {
        const auto begin = text.find("${");
        expanded += text.substr(0, begin);
        if (begin == std::string_view::npos) return expanded;
        const auto end = text.find('}', begin);
        if (end == std::string_view::npos) throw Error(ErrorKind::config, "a ${ has no }");
        const std::string name(text.substr(begin + 2, end - begin - 2));
        const char* value = std::getenv(name.c_str());
        if (value == nullptr)
            throw Error(ErrorKind::config, fmt::format("the environment does not have {}", name),
                        name == "CREDENTIALS_DIRECTORY"
                            ? "systemd sets it for a unit with LoadCredential="
                            : "");
        expanded += value;
        text.remove_prefix(end + 1);
    }
}

std::string read_password_file(const std::filesystem::path& path) {
    std::string password = read_small_file(path, largest_password_bytes);
    if (password.ends_with('\n')) password.pop_back();
    if (password.ends_with('\r')) password.pop_back();
    if (password.empty())
        throw Error(ErrorKind::config, fmt::format("{} holds no password", path.native()));
    if (password.find('\0') != std::string::npos)
        throw Error(ErrorKind::config, fmt::format("{} holds a zero byte", path.native()));
    return password;
}

}  // namespace dts
