// Packets of the MySQL protocol as the server sends them after a dump command, read straight into
// pooled chunks: a large read of the socket brings many packets, and none of them is copied.
//
// On a plain socket the packets are read here, past the client library (whose buffer is empty once
// the dump command was sent and nothing read); with TLS the library decrypts and one copy is made.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/client/mysql_client.hpp"
#include "lib/source/chunk_buffer.hpp"

namespace dts {

/// How long a read may wait for the server.
enum class Wait : std::uint8_t {
    none,     ///< not at all
    briefly,  ///< a moment: the server is in the middle of a transaction
    fully,    ///< until something comes or the time-out is over
};

class PacketReader {
  public:
    virtual ~PacketReader() = default;

    /// The payload of the next packet, continued packets put together; nothing when waiting for it
    /// would take longer than `wait` allows. Valid as long as chunk().
    /// Throws Error{transient} when the connection is lost or silent for longer than the time-out.
    virtual std::optional<Bytes> next(Wait wait) = 0;

    /// Holds what next() returned last.
    virtual const std::shared_ptr<Chunk>& chunk() const noexcept = 0;

    /// True while a read waits and nothing at all has come for a moment. Any thread.
    bool is_idle() const noexcept { return idle_.load(std::memory_order_relaxed); }

    /// Bytes read from the network so far.
    std::uint64_t bytes_read() const noexcept { return bytes_read_; }

  protected:
    std::atomic<bool> idle_ = false;
    std::uint64_t bytes_read_ = 0;
};

/// The packet in which a server refuses or ends the stream (without an SQL state).
std::string refusal_packet(unsigned number, std::string_view text);

/// The reader that fits the connection, which must outlive it. With TLS the time-out is the
/// connection's own read time-out.
std::unique_ptr<PacketReader> make_packet_reader(MysqlConnection& connection,
                                                 std::chrono::milliseconds timeout);

/// Reads packets from any stream socket (make_packet_reader and the tests use it).
class SocketPacketReader final : public PacketReader {
  public:
    /// What continued packets may add up to: the servers' largest max_allowed_packet, and what they
    /// put around an event.
    static constexpr std::size_t largest_payload = (std::size_t{1} << 30) + (std::size_t{64} << 10);

    SocketPacketReader(int socket, std::chrono::milliseconds timeout,
                       std::size_t most = largest_payload)
        : socket_(socket), timeout_(timeout), largest_payload_(most) {}

    std::optional<Bytes> next(Wait wait) override;
    const std::shared_ptr<Chunk>& chunk() const noexcept override { return buffer_.chunk(); }

  private:
    bool fill(std::size_t wanted, Wait wait);
    bool wait_for_bytes(Wait wait);

    int socket_;
    std::chrono::milliseconds timeout_;
    std::size_t largest_payload_;
    ChunkBuffer buffer_;
    std::size_t assembled_ = 0;  ///< payload bytes of a continued packet whose headers are cut out
};

}  // namespace dts
