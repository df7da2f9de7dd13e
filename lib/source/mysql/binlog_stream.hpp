// The binlog of a server as a stream of events: connects as a replica does, asks for what follows a
// position, and hands out one event after the other. One thread, but for interrupt() and is_idle().
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

#include "lib/source/mysql/binlog_cursor.hpp"
#include "lib/source/mysql/dump_request.hpp"
#include "lib/source/mysql/event_payload.hpp"
#include "lib/source/mysql/event_skip.hpp"
#include "lib/source/mysql/packet_reader.hpp"

namespace dts {

struct BinlogStreamOptions {
    MysqlEndpoint endpoint;
    std::chrono::milliseconds silence_timeout{};  ///< above the heartbeat's period
    std::chrono::seconds keepalive_idle{60};
};

class BinlogStream {
  public:
    explicit BinlogStream(BinlogStreamOptions options) : options_(std::move(options)) {}

    /// Connects and asks for the dump; returns when the server has begun to send. Throws Error{gap}
    /// when it no longer has what was asked for, {config} when another client took the server_id,
    /// {transient} when it can not be reached or was interrupted.
    void open(const DumpRequest& request);

    /// The next event; transactions that travel compressed come as the events they hold. Nothing
    /// when it would have to wait longer than allowed. Throws as open() does, and Error{data} for
    /// what makes no sense.
    std::optional<BinlogEvent> next(Wait wait);

    /// Holds the bytes of the event returned last.
    const std::shared_ptr<Chunk>& chunk() const noexcept {
        return payload_ ? payload_->chunk() : packets_->chunk();
    }
    const FormatDescription& format() const noexcept { return cursor_.format(); }
    /// Since open(): from the network, and what compressed transactions were unpacked to.
    std::uint64_t bytes_read() const noexcept {
        return bytes_unpacked_ + (packets_ ? packets_->bytes_read() : 0);
    }
    bool is_mariadb() const noexcept { return connection_ && connection_->is_mariadb(); }

    /// Any thread.
    bool is_idle() const noexcept;
    /// Ends a blocking open() or next(), which throw Error{transient}, for good. Any thread.
    void interrupt() noexcept;

  private:
    void connect();
    std::optional<BinlogEvent> read(Wait wait);
    Bytes event_of_packet(Bytes packet) const;

    BinlogStreamOptions options_;
    DumpRequest request_;
    std::string wanted_;  ///< the request in words, for messages
    std::unique_ptr<MysqlConnection> connection_;
    std::unique_ptr<PacketReader> packets_;
    BinlogCursor cursor_;
    std::optional<TransactionPayload> payload_;
    std::shared_ptr<Chunk> payload_chunk_;  ///< holds the bytes that payload_ unpacks
    std::optional<BinlogEvent> first_;      ///< read by open() already
    EventSkip skip_;
    std::uint64_t bytes_unpacked_ = 0;  ///< of compressed transactions

    mutable std::mutex handles_;  ///< guards the pointers, against interrupt() and is_idle()
    std::atomic<bool> interrupted_ = false;
};

}  // namespace dts
