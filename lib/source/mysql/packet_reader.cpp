#include "lib/source/mysql/packet_reader.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <errmsg.h>
#include <ma_pvio.h>
#include <poll.h>

#include "lib/base/activity.hpp"

namespace dts {

namespace {

constexpr std::size_t header_bytes = 4;
/// A payload of exactly this length goes on in the next packet.
constexpr std::size_t full_payload = 0xFFFFFF;
constexpr std::chrono::milliseconds brief_wait{2};
/// Silence shorter than this between two packets does not count as idle.
constexpr std::chrono::milliseconds idle_after{20};

/// True when the socket has something to read (or was closed) before the time is over.
bool readable(int socket, std::chrono::milliseconds time) {
    const While waiting(Doing::outside);
    pollfd entry{socket, POLLIN, 0};
    int ready = 0;
    do {
        ready = ::poll(&entry, 1, static_cast<int>(time.count()));
    } while (ready < 0 && errno == EINTR);
    return ready != 0;
}

Error silent(std::chrono::milliseconds time) {
    return {ErrorKind::transient,
            fmt::format("the source sent nothing for {} s, not even a heartbeat",
                        std::chrono::duration_cast<std::chrono::seconds>(time).count())};
}

Error lost(std::string_view why) {
    return {ErrorKind::transient, fmt::format("connection to the source lost: {}", why)};
}

/// Packets through the client library, which holds the TLS session.
class LibraryPacketReader final : public PacketReader {
  public:
    explicit LibraryPacketReader(MysqlConnection& connection) : connection_(connection) {}

    std::optional<Bytes> next(Wait wait) override {
        if (!library_holds_bytes() && !readable(connection_.socket(), time_of(wait))) {
            if (wait != Wait::fully) return std::nullopt;
            idle_ = true;
        }
        const unsigned long length = read_packet();
        idle_ = false;
        if (length == packet_error) return refusal();
        bytes_read_ += length + header_bytes;
        auto room = buffer_.room(length);
        std::memcpy(room.data(), connection_.handle()->net.read_pos, length);
        buffer_.filled(length);
        return buffer_.consume(length);
    }

    const std::shared_ptr<Chunk>& chunk() const noexcept override { return buffer_.chunk(); }

  private:
    unsigned long read_packet() {
        const While waiting(Doing::outside);
        return mysql_net_read_packet(connection_.handle());
    }

    /// The library takes a server's refusal apart: as a packet it means what it does without TLS.
    Bytes refusal() {
        const unsigned number = mysql_errno(connection_.handle());
        if (is_client_error(number)) throw connection_.error("while reading the binlog");
        const std::string packet = refusal_packet(number, mysql_error(connection_.handle()));
        const auto room = buffer_.room(packet.size());
        std::memcpy(room.data(), packet.data(), packet.size());
        buffer_.filled(packet.size());
        return buffer_.consume(packet.size());
    }

    /// Lost connections and the like: no server said them.
    static bool is_client_error(unsigned number) noexcept {
        return number == 0 || (number >= CR_MIN_ERROR && number <= CR_MAX_ERROR) ||
               number >= CER_MIN_ERROR;
    }

    static std::chrono::milliseconds time_of(Wait wait) {
        return wait == Wait::none      ? std::chrono::milliseconds{0}
               : wait == Wait::briefly ? brief_wait
                                       : idle_after;
    }

    /// Bytes that the library has decrypted and not handed out: the socket knows nothing of them.
    bool library_holds_bytes() const noexcept {
        const MARIADB_PVIO* pvio = connection_.handle()->net.pvio;
        return pvio != nullptr && pvio->cache != nullptr &&
               pvio->cache_pos < pvio->cache + pvio->cache_size;
    }

    MysqlConnection& connection_;
    ChunkBuffer buffer_;
};

}  // namespace

std::string refusal_packet(unsigned number, std::string_view text) {
    std::string packet = "\xFF";
    packet += static_cast<char>(number & 0xFF);
    packet += static_cast<char>(number >> 8 & 0xFF);
    packet += text;
    return packet;
}

std::unique_ptr<PacketReader> make_packet_reader(MysqlConnection& connection,
                                                 std::chrono::milliseconds timeout) {
    if (mysql_get_ssl_cipher(connection.handle()) != nullptr)
        return std::make_unique<LibraryPacketReader>(connection);
    return std::make_unique<SocketPacketReader>(connection.socket(), timeout);
}

std::optional<Bytes> SocketPacketReader::next(Wait wait) {
    while (true) {
        const Bytes buffered = buffer_.buffered();
        const std::size_t headed = assembled_ + header_bytes;
        if (buffered.size() < headed) {
            if (!fill(headed, wait)) return std::nullopt;
            continue;
        }
        const std::size_t length = ByteReader(buffered.subspan(assembled_)).u24();
        if (buffered.size() < headed + length) {
            if (!fill(headed + length, wait)) return std::nullopt;
            continue;
        }
        buffer_.cut(assembled_, header_bytes);
        if (length == full_payload) {
            assembled_ += length;
            if (assembled_ > largest_payload_)
                throw Error(ErrorKind::data,
                            fmt::format("the source sends a packet of more than {} bytes",
                                        largest_payload_));
            continue;
        }
        const Bytes payload = buffer_.consume(assembled_ + length);
        assembled_ = 0;
        return payload;
    }
}

/// Reads once, at most what fits; false when that would wait longer than allowed.
bool SocketPacketReader::fill(std::size_t wanted, Wait wait) {
    // The next piece of a continued packet will be as large again: do not move for each.
    const auto room = buffer_.room(assembled_ == 0 ? wanted : wanted + full_payload);
    while (true) {
        const ssize_t count = ::recv(socket_, room.data(), room.size(), MSG_DONTWAIT);
        if (count > 0) {
            buffer_.filled(static_cast<std::size_t>(count));
            bytes_read_ += static_cast<std::uint64_t>(count);
            note_step();
            return true;
        }
        if (count == 0) throw lost("closed by the server");
        if (errno == EINTR) continue;
        if (errno != EAGAIN) throw lost(std::strerror(errno));
        if (!wait_for_bytes(wait)) return false;
    }
}

bool SocketPacketReader::wait_for_bytes(Wait wait) {
    if (wait == Wait::none) return false;
    if (wait == Wait::briefly) return readable(socket_, brief_wait);
    if (readable(socket_, idle_after)) return true;
    idle_ = buffer_.buffered().empty();
    const bool came = readable(socket_, timeout_);
    idle_ = false;
    if (!came) throw silent(timeout_);
    return true;
}

}  // namespace dts
