#include "lib/source/mysql/dump_request.hpp"

#include <fmt/format.h>

#include <vector>

namespace dts {

namespace {

// Not all of them are in every client library's header.
constexpr int command_binlog_dump = 18;
constexpr int command_register_replica = 21;
constexpr int command_binlog_dump_gtid = 30;

constexpr std::uint16_t flag_heartbeat_v2 = 2;  ///< MySQL; to MariaDB it would mean annotations
constexpr std::uint16_t flag_through_gtid = 4;

/// A command's payload, little-endian.
class Payload {
  public:
    template <std::size_t N>
    void number(std::uint64_t value) {
        for (std::size_t i = 0; i < N; ++i) bytes_ += static_cast<char>(value >> (8 * i) & 0xFF);
    }
    void text(std::string_view text) { bytes_ += text; }
    void short_text(std::string_view text) {
        number<1>(text.size());
        bytes_ += text;
    }
    const std::string& bytes() const noexcept { return bytes_; }

  private:
    std::string bytes_;
};

void send(MysqlConnection& connection, int command, const Payload& payload, bool read_reply) {
    MYSQL* m = connection.handle();
    const my_bool skip_reply = read_reply ? 0 : 1;
    if (m->methods->db_command(m, static_cast<enum_server_command>(command), payload.bytes().data(),
                               payload.bytes().size(), skip_reply, nullptr) != 0) {
        throw connection.error("while asking for the binlog");
    }
}

void set_up_session(MysqlConnection& connection, const DumpRequest& request) {
    const auto uuid = quote_literal(replica_uuid(request.server_id, request.client_name));
    const auto heartbeat_ns =
        std::chrono::duration_cast<std::chrono::nanoseconds>(request.heartbeat).count();
    // Both spellings: each server knows one of them and ignores the other.
    // CRC32 costs the server nothing when its files have it, while 'NONE' makes it rewrite events;
    // and TCP's own checksum lets one damaged packet in some ten millions through.
    connection.execute(
        fmt::format("SET @source_binlog_checksum = 'CRC32', @master_binlog_checksum = 'CRC32', "
                    "@source_heartbeat_period = {0}, @master_heartbeat_period = {0}, "
                    "@replica_uuid = {1}, @slave_uuid = {1}",
                    heartbeat_ns, uuid));
    // While the target is slow nothing is read: the server must not take that for a dead replica.
    connection.execute("SET SESSION net_write_timeout = 86400, SESSION net_read_timeout = 86400");
    if (!connection.is_mariadb()) return;
    connection.execute("SET @mariadb_slave_capability = 4");
    if (request.by_gtid) {
        connection.execute(
            fmt::format("SET @slave_connect_state = {}, @slave_gtid_strict_mode = 1, "
                        "@slave_gtid_ignore_duplicates = 0",
                        quote_literal(request.executed.text())));
    }
}

std::uint16_t dump_flags(const MysqlConnection& connection) {
    return !connection.is_mariadb() && connection.version() >= 80'026 ? flag_heartbeat_v2
                                                                      : std::uint16_t{0};
}

}  // namespace

std::string replica_uuid(std::uint32_t server_id, std::string_view client_name) {
    // FNV-1a over the name, twice with different seeds: it must be stable, not secret.
    const auto hash = [&](std::uint64_t seed) {
        std::uint64_t value = 14695981039346656037ull ^ seed ^ server_id;
        for (const char c : client_name)
            value = (value ^ static_cast<unsigned char>(c)) * 1099511628211ull;
        return value;
    };
    const std::uint64_t high = hash(0);
    const std::uint64_t low = hash(0x9E3779B97F4A7C15ull);
    return fmt::format("{:08x}-{:04x}-8{:03x}-8{:03x}-{:012x}", high >> 32, high >> 16 & 0xFFFF,
                       high & 0xFFF, low >> 52, low & 0xFFFFFFFFFFFF);
}

void register_replica(MysqlConnection& connection, const DumpRequest& request) {
    constexpr std::size_t longest_host = 60;
    Payload payload;
    payload.number<4>(request.server_id);
    payload.short_text(std::string_view(request.client_name).substr(0, longest_host));
    payload.short_text("");  // user
    payload.short_text("");  // password
    payload.number<2>(0);    // port
    payload.number<4>(0);    // rank, not used
    payload.number<4>(0);    // the source's id: filled in there
    send(connection, command_register_replica, payload, true);
}

void request_dump(MysqlConnection& connection, const DumpRequest& request) {
    set_up_session(connection, request);
    register_replica(connection, request);
    Payload payload;
    const std::uint16_t flags = dump_flags(connection);
    if (request.by_gtid && !connection.is_mariadb()) {
        const auto set = request.executed.encode_for_dump();
        payload.number<2>(static_cast<std::uint16_t>(flags | flag_through_gtid));
        payload.number<4>(request.server_id);
        payload.number<4>(0);  // no file name: the server finds it
        payload.number<8>(4);
        payload.number<4>(set.size());
        payload.text({reinterpret_cast<const char*>(set.data()), set.size()});
        return send(connection, command_binlog_dump_gtid, payload, false);
    }
    payload.number<4>(request.by_gtid ? 4 : request.offset);
    payload.number<2>(flags);
    payload.number<4>(request.server_id);
    payload.text(request.by_gtid ? std::string_view() : std::string_view(request.file));
    send(connection, command_binlog_dump, payload, false);
}

}  // namespace dts
