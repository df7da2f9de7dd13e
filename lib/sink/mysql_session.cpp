#include "lib/sink/mysql_session.hpp"

#include <fmt/format.h>

#include <cstring>

#include "lib/base/activity.hpp"
#include "lib/base/byte_reader.hpp"

namespace dts {

namespace {

std::string session_settings(const MysqlSessionOptions& options) {
    // Strict, so that nothing is cut silently; zero and impossible dates and zero auto-increments
    // are taken as the source had them.
    return fmt::format(
        "SET SESSION time_zone='+00:00', "
        "sql_mode='STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES,NO_ENGINE_"
        "SUBSTITUTION', "
        "foreign_key_checks={}, autocommit=0, net_read_timeout=600, net_write_timeout=600, "
        "max_error_count=65535",
        options.disable_foreign_key_checks ? 0 : 1);
}

/// Of an OK packet: its first byte is 0, then a length-encoded integer.
std::uint64_t affected_rows(Bytes ok_packet) {
    ByteReader reader(ok_packet);
    reader.skip(1);
    const std::uint8_t first = reader.u8();
    switch (first) {
        case 0xFC:
            return reader.u16();
        case 0xFD:
            return reader.u24();
        case 0xFE:
            return reader.u64();
        default:
            return first;
    }
}

}  // namespace

MysqlSession::MysqlSession(const MysqlSessionOptions& options) : connection_(options.endpoint) {
    connection_.execute(session_settings(options));
    const std::string isolation =
        options.transaction_isolation.empty() ? "READ COMMITTED" : options.transaction_isolation;
    connection_.execute("SET SESSION TRANSACTION ISOLATION LEVEL " + isolation);
    max_packet_bytes_ =
        std::stoull(connection_.scalar("SELECT @@max_allowed_packet").value_or("1048576"));
}

bool MysqlSession::can_execute_in_bulk() const noexcept {
    return connection_.is_mariadb() && connection_.version() >= 100207;
}

void MysqlSession::prepare(const std::shared_ptr<const BulkStatement>& statement) {
    if (prepared_.contains(statement.get())) return;
    close_unused();
    Prepared prepared(mysql_stmt_init(connection_.handle()));
    const std::string& sql = statement->sql();
    const While asking(Doing::outside);
    if (mysql_stmt_prepare(prepared.get(), sql.data(), sql.size()) != 0) {
        const unsigned number = mysql_stmt_errno(prepared.get());
        throw Error(mysql_error_kind(number),
                    fmt::format("preparing {}: error {}: {}", sql.substr(0, 200), number,
                                mysql_stmt_error(prepared.get())));
    }
    prepared_.emplace(statement.get(), std::pair(statement, std::move(prepared)));
}

/// Statements that nobody else holds belong to descriptions of tables that have changed since.
void MysqlSession::close_unused() {
    std::erase_if(prepared_, [](const auto& entry) { return entry.second.first.use_count() == 1; });
}

void MysqlSession::send(std::string_view sql) {
    send_command(COM_QUERY, sql.data(), sql.size(), nullptr);
}

void MysqlSession::send_bulk(const std::shared_ptr<const BulkStatement>& statement,
                             std::span<char> packet) {
    MYSQL_STMT* prepared = prepared_.at(statement.get()).second.get();
    const auto id = static_cast<std::uint32_t>(prepared->stmt_id);
    std::memcpy(packet.data(), &id, sizeof id);
    send_command(COM_STMT_BULK_EXECUTE, packet.data(), packet.size(), prepared);
}

void MysqlSession::send_command(enum_server_command command, const char* bytes, std::size_t length,
                                void* statement) {
    MYSQL* m = connection_.handle();
    constexpr my_bool leave_reply = 1;
    const While sending(Doing::outside);
    if (m->methods->db_command(m, command, bytes, length, leave_reply, statement) != 0) {
        throw connection_.error("sending a statement");
    }
    ++under_way_;
}

std::uint64_t MysqlSession::read_reply() {
    MYSQL* m = connection_.handle();
    --under_way_;
    m->net.pkt_nr = 1;  // each reply is the first packet behind its own command
    const While asking(Doing::outside);
    const unsigned long length = mysql_net_read_packet(m);
    if (length == packet_error) throw connection_.error("executing");
    return affected_rows({reinterpret_cast<const std::byte*>(m->net.read_pos), length});
}

void MysqlSession::drain() noexcept {
    while (under_way_ > 0) {
        try {
            read_reply();
        } catch (const Error&) {
            // What failed first is what counts. A lost connection has no more replies.
            if (mysql_errno(connection_.handle()) >= 2000) under_way_ = 0;
        }
    }
}

unsigned MysqlSession::last_error() const noexcept {
    return mysql_errno(const_cast<MysqlConnection&>(connection_).handle());
}

}  // namespace dts
