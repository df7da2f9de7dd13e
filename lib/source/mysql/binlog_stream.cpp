#include "lib/source/mysql/binlog_stream.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "lib/base/error.hpp"
#include "lib/source/mysql/dump_error.hpp"

namespace dts {

namespace {

/// COM_BINLOG_DUMP has 32 bits for the offset.
constexpr std::uint64_t largest_dump_offset = 0xFFFFFFFF;
constexpr std::uint64_t first_event_offset = 4;

void keep_alive(int socket, std::chrono::seconds idle) {
    const auto set = [socket](int level, int option, int value) {
        ::setsockopt(socket, level, option, &value, sizeof value);
    };
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(idle.count()));
    set(IPPROTO_TCP, TCP_KEEPINTVL, 10);
    set(IPPROTO_TCP, TCP_KEEPCNT, 6);
}

Error interrupted() {
    return {ErrorKind::transient, "reading the binlog was interrupted"};
}

}  // namespace

void BinlogStream::open(const DumpRequest& request) {
    request_ = request;
    wanted_ = request.by_gtid ? fmt::format("the GTID set '{}'", request.executed.text())
                              : fmt::format("{}:{}", request.file, request.offset);
    payload_.reset();
    first_.reset();
    bytes_unpacked_ = 0;
    skip_.start(request.file, 0);
    if (!request.by_gtid && request.offset > largest_dump_offset) {
        skip_.start(request.file, request.offset);
        request_.offset = first_event_offset;
    }
    connect();
    cursor_.start(request.by_gtid ? std::string_view() : std::string_view(request_.file),
                  request.by_gtid ? first_event_offset : request_.offset);
    request_dump(*connection_, request_);
    {
        std::lock_guard lock(handles_);
        packets_ = make_packet_reader(*connection_, options_.silence_timeout);
    }
    // A refusal comes in place of the first event.
    first_ = read(Wait::fully);
}

void BinlogStream::connect() {
    {
        // Taking leave of the server may wait for it: outside the lock, packets before connection.
        std::unique_ptr<MysqlConnection> old_connection;
        std::unique_ptr<PacketReader> old_packets;
        std::lock_guard lock(handles_);
        std::swap(old_packets, packets_);
        std::swap(old_connection, connection_);
    }
    if (interrupted_) throw interrupted();
    auto connection = std::make_unique<MysqlConnection>(options_.endpoint);
    keep_alive(connection->socket(), options_.keepalive_idle);
    std::lock_guard lock(handles_);
    connection_ = std::move(connection);
    if (interrupted_) throw interrupted();
}

std::optional<BinlogEvent> BinlogStream::next(Wait wait) {
    while (true) {
        std::optional<BinlogEvent> event = first_ ? std::exchange(first_, {}) : read(wait);
        if (!event) return std::nullopt;
        if (!skip_.passes_over(*event)) return event;
    }
}

std::optional<BinlogEvent> BinlogStream::read(Wait wait) {
    while (true) {
        if (payload_) {
            if (const auto embedded = payload_->next()) {
                bytes_unpacked_ += embedded->size();
                return cursor_.read_embedded(*embedded);
            }
            payload_.reset();
            payload_chunk_.reset();
        }
        const auto packet = packets_->next(wait);
        if (!packet) return std::nullopt;
        const BinlogEvent event = cursor_.read(event_of_packet(*packet));
        if (event.header.type != EventType::transaction_payload || skip_.is_before(event))
            return event;
        payload_chunk_ = packets_->chunk();
        payload_.emplace(event.body);
    }
}

/// A packet is a status byte and an event, or the end of the stream, or an error.
Bytes BinlogStream::event_of_packet(Bytes packet) const {
    constexpr std::uint8_t ok = 0;
    constexpr std::uint8_t end_of_stream = 0xFE;
    constexpr std::uint8_t error = 0xFF;
    ByteReader reader(packet);
    const std::uint8_t status = reader.u8();
    if (status == ok) return reader.rest();
    if (status == error) throw dump_error(reader.rest(), wanted_, request_.server_id);
    if (status == end_of_stream && packet.size() < 9)
        throw Error(ErrorKind::transient, "the source ended the binlog stream");
    throw Error(ErrorKind::data, fmt::format("a packet of the binlog begins with {}", status));
}

bool BinlogStream::is_idle() const noexcept {
    std::lock_guard lock(handles_);
    return packets_ && packets_->is_idle();
}

void BinlogStream::interrupt() noexcept {
    interrupted_ = true;
    std::lock_guard lock(handles_);
    if (connection_) connection_->interrupt();
}

}  // namespace dts
