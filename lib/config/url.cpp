#include "lib/config/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "lib/base/error.hpp"
#include "lib/config/key_value.hpp"

namespace dts {
namespace {

constexpr std::string_view scheme_end = "://";
// Client tools and servers name the modes differently; both spellings, in the order of SslMode.
constexpr std::string_view mysql_ssl_modes =
    "disabled, preferred, required, verify_ca, verify_identity";
constexpr std::string_view own_ssl_modes = "disable, prefer, require, verify_ca, verify_full";

std::string_view without_scheme(std::string_view url) {
    const auto end = url.find(scheme_end);
    return end == std::string_view::npos ? url : url.substr(end + scheme_end.size());
}

bool is_port(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Error url_error(std::string_view url, std::string_view what, std::string hint = {}) {
    return {ErrorKind::config, fmt::format("{}: {}", masked(url), what), std::move(hint)};
}

// The parts of one URL, as text.
class Parser {
  public:
    Parser(std::string_view url, UrlScheme scheme)
        : url_(url), scheme_(scheme), rest_(without_scheme(url)) {}

    /// The account and the hosts.
    DatabaseUrl parse_for_driver() {
        if (scheme_of(url_) != UrlScheme::mongodb)
            throw fault("the address must begin with mongodb:// or mongodb+srv://");
        auto authority = rest_.substr(0, rest_.find_first_of("/?#"));
        if (rest_.substr(authority.size()).find('@') != std::string_view::npos)
            throw fault("there is an @ behind the hosts",
                        "write / ? # and @ in a user's name or password as %2F %3F %23 %40");
        authority = parse_account(authority);
        if (authority.empty()) throw fault("there is no host");
        result_.host = authority;
        return std::move(result_);
    }

    DatabaseUrl parse() {
        const bool is_mysql = scheme_ == UrlScheme::mysql;
        if (scheme_of(url_) != scheme_)
            throw fault(
                fmt::format("the address must begin with {}://", is_mysql ? "mysql" : "postgres"));
        result_.port = is_mysql ? 3306 : 5432;
        const auto authority = rest_.substr(0, rest_.find_first_of("/?#"));
        const auto after = rest_.substr(authority.size());
        if (after.find('@') != std::string_view::npos)
            throw fault("there is an @ behind the host",
                        "write / ? # and @ in a user's name or password as %2F %3F %23 %40");
        parse_authority(authority);
        parse_tail(after);
        return std::move(result_);
    }

  private:
    Error fault(std::string_view what, std::string hint = {}) const {
        return url_error(url_, what, std::move(hint));
    }

    void parse_authority(std::string_view authority) {
        parse_host_and_port(parse_account(authority));
    }

    /// What stands behind it.
    std::string_view parse_account(std::string_view authority) {
        if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
            const auto account = authority.substr(0, at);
            authority.remove_prefix(at + 1);
            const auto colon = account.find(':');
            if (const auto user = decoded(account.substr(0, colon)); !user.empty())
                result_.username = user;
            if (colon != std::string_view::npos)
                result_.password = decoded(account.substr(colon + 1));
        }
        return authority;
    }

    void parse_host_and_port(std::string_view text) {
        auto host_end = text.find(':');
        if (text.starts_with('[')) {
            const auto bracket = text.find(']');
            if (bracket == std::string_view::npos) throw fault("the [ of the host has no ]");
            result_.host = text.substr(1, bracket - 1);
            host_end = bracket + 1;
            if (host_end < text.size() && text[host_end] != ':')
                throw fault("only a port may follow the ] of the host");
        } else {
            result_.host = decoded(text.substr(0, host_end));
        }
        if (result_.host.empty()) throw fault("there is no host");
        if (host_end < text.size()) parse_port(text.substr(host_end + 1));
    }

    void parse_port(std::string_view text) {
        if (scheme_ == UrlScheme::postgres && text.find(',') != std::string_view::npos)
            throw fault("a port stands before the last host",
                        "several hosts have one port, behind the last of them: host1,host2:5432");
        const auto port = parse_number(text);
        if (!port || *port < 1 || *port > 65535)
            throw fault("the port is not a number of 1 to 65535");
        result_.port = static_cast<std::uint16_t>(*port);
    }

    void parse_tail(std::string_view tail) {
        if (tail.find('#') != std::string_view::npos) throw fault("there is a # behind the host");
        const auto question = std::min(tail.find('?'), tail.size());
        if (question > 0) result_.database = decoded(tail.substr(1, question - 1));
        tail.remove_prefix(std::min(question + 1, tail.size()));
        while (!tail.empty()) {
            const auto end = std::min(tail.find('&'), tail.size());
            if (end > 0) parse_parameter(tail.substr(0, end));
            tail.remove_prefix(std::min(end + 1, tail.size()));
        }
    }

    void parse_parameter(std::string_view parameter) {
        // Not parameter.find: g++ 12 sees a size_t of -1 in there that cannot be.
        const auto equals = static_cast<std::size_t>(
            std::find(parameter.begin(), parameter.end(), '=') - parameter.begin());
        const auto name = parameter.substr(0, equals);
        const auto value = decoded(parameter.substr(std::min(equals + 1, parameter.size())));
        const bool is_postgres = scheme_ == UrlScheme::postgres;
        if (name == "ssl-mode" || name == "ssl_mode" || (is_postgres && name == "sslmode"))
            set_once(result_.ssl_mode, name, ssl_mode(value));
        else if (name == "ssl-ca" || name == "ssl_ca" || (is_postgres && name == "sslrootcert"))
            set_once(result_.ssl_ca_path, name, value);
        else if (const auto setting = setting_of(name); is_postgres && !setting.empty())
            result_.settings.emplace_back(setting, value);
        else
            throw fault(fmt::format("the parameter {} is not known", name),
                        is_postgres ? "known parameters: sslmode, sslrootcert, options[setting]"
                                    : "known parameters: ssl-mode, ssl-ca");
    }

    // "options[NAME]"; empty when it is none.
    static std::string setting_of(std::string_view name) {
        constexpr std::string_view begin = "options[";
        if (name.size() <= begin.size() + 1 || !name.starts_with(begin) || name.back() != ']')
            return {};
        return std::string(name.substr(begin.size(), name.size() - begin.size() - 1));
    }

    template <typename T>
    void set_once(std::optional<T>& target, std::string_view name, const T& value) {
        if (target) throw fault(fmt::format("the parameter {} comes twice", name));
        target = value;
    }

    SslMode ssl_mode(std::string_view value) const {
        auto index = find_choice(mysql_ssl_modes, value);
        if (!index) index = find_choice(own_ssl_modes, value);
        if (!index)
            throw fault(fmt::format("ssl-mode={} is not known, it may be one of {}", value,
                                    mysql_ssl_modes));
        return static_cast<SslMode>(*index);
    }

    std::string decoded(std::string_view text) const {
        std::string plain;
        plain.reserve(text.size());
        for (; !text.empty(); text.remove_prefix(1)) {
            if (text.front() != '%') {
                plain += text.front();
                continue;
            }
            unsigned byte = 0;
            const auto digits = text.substr(1, 2);
            const auto end = digits.data() + digits.size();
            if (digits.size() < 2 || std::from_chars(digits.data(), end, byte, 16).ptr != end)
                throw fault("a % is not followed by two hexadecimal digits",
                            "a % in a user's name or password is written %25");
            if (byte == 0) throw fault("%00 is not possible");
            plain += static_cast<char>(byte);
            text.remove_prefix(2);
        }
        return plain;
    }

    std::string_view url_;
    UrlScheme scheme_;
    std::string_view rest_;
    DatabaseUrl result_;
};

}  // namespace

std::optional<UrlScheme> scheme_of(std::string_view url) noexcept {
    const auto end = url.find(scheme_end);
    if (end == std::string_view::npos) return std::nullopt;
    const auto scheme = url.substr(0, end);
    if (scheme == "mysql") return UrlScheme::mysql;
    if (scheme == "postgres" || scheme == "postgresql") return UrlScheme::postgres;
    if (scheme == "mongodb" || scheme == "mongodb+srv") return UrlScheme::mongodb;
    return std::nullopt;
}

DatabaseUrl parse_mysql_url(std::string_view url) {
    return Parser(url, UrlScheme::mysql).parse();
}

DatabaseUrl parse_postgres_url(std::string_view url) {
    auto result = Parser(url, UrlScheme::postgres).parse();
    if (result.database.empty())
        throw url_error(url, "no database is named", "postgres://user@host:port/database");
    return result;
}

DatabaseUrl parse_mongo_url(std::string_view url) {
    return Parser(url, UrlScheme::mongodb).parse_for_driver();
}

std::string masked(std::string_view url) {
    constexpr std::string_view stars = "***";
    std::string_view rest = without_scheme(url);
    const auto front = url.substr(0, url.size() - rest.size());
    // A password may hold what would end it elsewhere: up to the last @ all may be one.
    const auto at = rest.rfind('@');
    std::string account;
    if (at != std::string_view::npos) {
        account = rest.substr(0, at);
        rest.remove_prefix(at);
        if (const auto colon = account.find(':'); colon != std::string::npos)
            account.replace(colon + 1, std::string::npos, stars);
    }
    std::string place(rest.substr(0, rest.find_first_of("?#")));
    // Without an @ the password may stand where a port belongs.
    const auto colon = place.starts_with('[') ? place.find("]:") : place.find(':');
    if (at == std::string_view::npos && colon != std::string::npos) {
        const auto port = colon + (place.starts_with('[') ? 2 : 1);
        const auto end = std::min(place.find('/', port), place.size());
        if (!is_port(std::string_view(place).substr(port, end - port)))
            place.replace(port, std::string::npos, stars);
    }
    return fmt::format("{}{}{}", front, account, place);
}

}  // namespace dts
