#include "lib/client/mysql_client.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <charconv>
#include <mutex>
#include <strings.h>

#include "lib/base/activity.hpp"

namespace dts {

namespace {

void set_ssl(MYSQL* m, const MysqlEndpoint& endpoint) {
    if (endpoint.ssl_mode == SslMode::disable) return;
    my_bool enforce = endpoint.ssl_mode != SslMode::prefer;
    my_bool verify = endpoint.ssl_mode == SslMode::verify_full;
    if (!endpoint.ssl_ca_path.empty())
        mysql_options(m, MYSQL_OPT_SSL_CA, endpoint.ssl_ca_path.c_str());
    mysql_options(m, MYSQL_OPT_SSL_ENFORCE, &enforce);
    mysql_options(m, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
}

/// A peer that vanished without a word is noticed within about a minute.
void keep_alive(int socket) {
    const auto set = [socket](int level, int option, int value) {
        ::setsockopt(socket, level, option, &value, sizeof value);
    };
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, 30);
    set(IPPROTO_TCP, TCP_KEEPINTVL, 10);
    set(IPPROTO_TCP, TCP_KEEPCNT, 3);
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, 60'000);
}

}  // namespace

std::string MysqlEndpoint::display_name() const {
    return fmt::format("{}:{}", host, port);
}

std::uint64_t MysqlRow::number(unsigned i) const {
    std::uint64_t value = 0;
    const auto text = (*this)[i];
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::uint64_t MysqlResult::size() const noexcept {
    return result_ ? mysql_num_rows(result_.get()) : 0;
}

std::optional<MysqlRow> MysqlResult::next() {
    if (!result_) return std::nullopt;
    MYSQL_ROW row = mysql_fetch_row(result_.get());
    if (row == nullptr) return std::nullopt;
    return MysqlRow(row, mysql_fetch_lengths(result_.get()), mysql_num_fields(result_.get()));
}

std::optional<unsigned> MysqlResult::column(std::string_view name) const {
    if (!result_) return std::nullopt;
    const MYSQL_FIELD* fields = mysql_fetch_fields(result_.get());
    for (unsigned i = 0; i < mysql_num_fields(result_.get()); ++i) {
        if (fields[i].name_length == name.size() &&
            strncasecmp(fields[i].name, name.data(), name.size()) == 0) {
            return i;
        }
    }
    return std::nullopt;
}

MysqlConnection::MysqlConnection(const MysqlEndpoint& endpoint) : name_(endpoint.display_name()) {
    static std::once_flag library;
    std::call_once(library, [] { mysql_library_init(0, nullptr, nullptr); });

    handle_.reset(mysql_init(nullptr));
    if (!handle_) throw Error(ErrorKind::bug, "no memory for a MySQL connection");
    MYSQL* m = handle_.get();
    unsigned protocol = MYSQL_PROTOCOL_TCP;
    mysql_options(m, MYSQL_OPT_PROTOCOL, &protocol);
    mysql_options(m, MYSQL_OPT_CONNECT_TIMEOUT, &endpoint.connect_timeout_secs);
    mysql_options(m, MYSQL_SET_CHARSET_NAME, endpoint.charset.c_str());
    if (endpoint.read_timeout_secs != 0) {
        mysql_options(m, MYSQL_OPT_READ_TIMEOUT, &endpoint.read_timeout_secs);
    }
    set_ssl(m, endpoint);
    const While asking(Doing::outside);
    if (mysql_real_connect(m, endpoint.host.c_str(), endpoint.username.c_str(),
                           endpoint.password.c_str(), nullptr, endpoint.port, nullptr,
                           CLIENT_FOUND_ROWS) == nullptr) {
        throw error(fmt::format("cannot connect as user '{}'", endpoint.username));
    }
    keep_alive(socket());
    version_ = mysql_get_server_version(m);
    is_mariadb_ =
        std::string_view(mysql_get_server_info(m)).find("MariaDB") != std::string_view::npos;
}

MysqlConnection::~MysqlConnection() = default;

MysqlResult MysqlConnection::query(std::string_view sql) {
    const While asking(Doing::outside);
    if (mysql_real_query(handle_.get(), sql.data(), sql.size()) != 0) {
        throw error(fmt::format("in {}", sql.substr(0, 200)));
    }
    MYSQL_RES* result = mysql_store_result(handle_.get());
    if (result == nullptr && mysql_errno(handle_.get()) != 0) {
        throw error(fmt::format("reading the result of {}", sql.substr(0, 200)));
    }
    return MysqlResult(result);
}

std::optional<std::string> MysqlConnection::scalar(std::string_view sql) {
    auto result = query(sql);
    auto row = result.next();
    if (!row || row->is_null(0)) return std::nullopt;
    return row->text(0);
}

std::uint64_t MysqlConnection::execute(std::string_view sql) {
    query(sql);
    return mysql_affected_rows(handle_.get());
}

unsigned MysqlConnection::warning_count() const noexcept {
    return mysql_warning_count(handle_.get());
}

unsigned long MysqlConnection::connection_id() const noexcept {
    return mysql_thread_id(handle_.get());
}

int MysqlConnection::socket() const noexcept {
    return static_cast<int>(mysql_get_socket(handle_.get()));
}

Error MysqlConnection::error(std::string_view context) const {
    const unsigned number = mysql_errno(handle_.get());
    const ErrorKind kind = mysql_error_kind(number);
    std::string hint;
    if (number == 1045) hint = "check username and password of the url";
    if (number == 2002 || number == 2003 || number == 2005)
        hint = "is the server running, and the url right?";
    return {kind,
            fmt::format("mysql {}: {}: error {}: {}", name_, context, number,
                        mysql_error(handle_.get())),
            hint};
}

void MysqlConnection::interrupt() noexcept {
    ::shutdown(socket(), SHUT_RDWR);
}

ErrorKind mysql_error_kind(unsigned number) noexcept {
    switch (number) {
        case 1020:  // record has changed since last read (snapshot isolation)
        case 1021:  // disk full: the server waits for space
        case 1040:  // too many connections
        case 1041:  // out of memory
        case 1047:  // node not ready (Galera)
        case 1053:  // server shutdown in progress
        case 1077:
        case 1079:
        case 1080:
        case 1114:  // table is full: no space in its tablespace now
        case 1129:  // host blocked
        case 1152:  // aborted connection
        case 1158:
        case 1159:
        case 1160:
        case 1161:
        case 1180:  // error during commit (Galera)
        case 1203:  // too many user connections
        case 1205:  // lock wait timeout
        case 1206:  // lock table full
        case 1213:  // deadlock
        case 1226:  // resource limit of the account
        case 1290:  // --read-only
        case 1317:  // query interrupted
        case 1792:  // read only transaction
        case 1836:  // read only mode
        case 1927:  // connection was killed
        case 1461:  // too many prepared statements
        case 1969:  // query time limit (MariaDB)
        case 3024:  // query time limit
        case 3032:  // offline mode
        case 3100:
        case 3101:  // group replication rolled back
        case 4031:  // disconnected for inactivity
            return ErrorKind::transient;
        case 1044:
        case 1045:
        case 1130:
        case 1142:
        case 1143:
        case 1227:
        case 1370:
        case 1698:
        case 1820:
        case 1862:
        case 3118:  // account locked
        case 4151:  // the same (MariaDB)
            return ErrorKind::permission;
        default:
            return number >= 2000 && number < 3000 ? ErrorKind::transient : ErrorKind::data;
    }
}

std::string quote_identifier(std::string_view name) {
    std::string result = "`";
    for (char c : name) {
        if (c == '`') result += '`';
        result += c;
    }
    return result + '`';
}

std::string quote_literal(std::string_view text) {
    std::string result = "'";
    for (char c : text) {
        switch (c) {
            case '\0':
                result += "\\0";
                break;
            case '\n':
                result += "\\n";
                break;
            case '\r':
                result += "\\r";
                break;
            case '\x1a':
                result += "\\Z";
                break;
            case '\'':
                result += "\\'";
                break;
            case '\\':
                result += "\\\\";
                break;
            default:
                result += c;
        }
    }
    return result + '\'';
}

}  // namespace dts
