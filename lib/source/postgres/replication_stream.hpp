// The messages of a logical replication slot, over COPY BOTH. A thread of its own answers
// the server, also while nobody reads: with nothing but the last position that was acknowledged, so
// the server never forgets what is not yet durable at the target.
//
// identify(), walsender(), open(), next() belong to one thread; acknowledge(), is_idle(),
// interrupt() to any.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "lib/base/byte_reader.hpp"
#include "lib/base/file_handle.hpp"
#include "lib/client/postgres_client.hpp"
#include "lib/source/postgres/copy_both.hpp"
#include "lib/source/postgres/read_pace.hpp"
#include "lib/source/postgres/read_pause.hpp"

namespace dts {

class ReplicationStream {
  public:
    struct Options {
        PostgresEndpoint endpoint;
        std::string slot;
        std::string publication;
        std::chrono::milliseconds keepalive_interval{10'000};
        std::chrono::milliseconds slot_patience{40'000};  ///< for a slot that is still in use
        bool take_over = false;  ///< end whoever uses the slot, as far as the account may
        /// Large transactions are sent while they go on, where the server can: pgoutput protocol 2
        /// from version 14 on, 4 from version 16 on (the subscriber's own choice of "parallel").
        bool in_progress = false;
    };

    struct Message {
        bool is_data = false;       ///< else a sign of life
        std::uint64_t wal_end = 0;  ///< how far the server has read its log
        std::int64_t sent_us = 0;
        Bytes payload;  ///< valid until the next next()
    };
    enum class Wait : std::uint8_t { fully, briefly, none };

    explicit ReplicationStream(Options options);
    ~ReplicationStream();

    /// Connects, and says whose log it is; the next open() goes on over this connection. Throws as
    /// open().
    const std::string& identify();
    /// The connection of identify(), for questions before open(): a server may have no other
    /// walsender to spare.
    PostgresConnection& walsender();
    /// Connects and asks for what commits at or behind the LSN; `in_binary`: with its values in the
    /// types' binary forms, which version 14 is the first to send. Throws Error{gap} when the slot
    /// is gone or has lost its log, {log_directory} when another worker is alive on it, {transient}
    /// when the server can not be reached, the slot stays in use, or it was interrupted.
    void open(std::uint64_t lsn, bool in_binary = false);

    /// The next message; nothing when it would have to wait longer than allowed. Throws as open().
    std::optional<Message> next(Wait wait);

    /// All before this LSN is durable: the server may forget it. Takes effect at once, never back.
    void acknowledge(std::uint64_t lsn) noexcept;
    bool is_idle() const noexcept { return idle_; }
    std::uint64_t bytes_read() const noexcept { return bytes_read_; }
    /// The stream is one of transactions in progress, too: they were asked for, and can be sent.
    bool is_in_progress() const noexcept { return is_in_progress_; }
    /// The server ended it by a fault of its own.
    bool is_at_fault() const noexcept { return is_at_fault_; }
    /// Whose log it is, by the stream's own connection.
    const std::string& identity() const noexcept { return identity_; }
    /// Ends a blocking open() or next(), which throw Error{transient}, for good.
    void interrupt() noexcept;

  private:
    void connect();
    bool try_start(std::uint64_t lsn, bool in_binary);
    struct SlotUser {
        std::string pid;
        std::string name;        ///< for messages
        std::string reply_time;  ///< when the server last heard of it; empty: not to be seen
    };
    SlotUser user_of_slot();
    Error in_use(const SlotUser& user, ErrorKind kind) const;
    void evict();
    bool wait_for_bytes(Wait wait);
    bool read();
    Message parse(Bytes message);
    Error end_of_stream(const CopyRefusal& refusal);
    void answer(const std::stop_token& stop);
    void send_status();
    void wake_reader() noexcept;
    void forget_wake() noexcept;

    Options options_;
    std::mutex connection_mutex_;  ///< of the connection's replacement
    std::unique_ptr<PostgresConnection> connection_;
    std::unique_ptr<CopyBoth> copy_;
    bool is_unused_ = false;  ///< the connection: no stream has begun on it
    bool is_in_progress_ = false;
    bool is_at_fault_ = false;  ///< is_server_fault() ended it
    std::string identity_;
    ReadPace pace_;
    ReadPause pause_;
    std::uint64_t bytes_at_look_ = 0;  ///< bytes_read_ when the socket was looked at last
    CopyBoth::Came last_came_ = CopyBoth::Came::nothing;  ///< by that look
    FileHandle wake_;  ///< an eventfd: something else than bytes from the socket has happened
    std::uint64_t bytes_read_ = 0;
    std::atomic<bool> idle_ = false;
    std::atomic<bool> interrupted_ = false;

    std::mutex answer_mutex_;
    std::condition_variable_any answer_wanted_;
    bool is_answer_wanted_ = false;
    std::uint64_t acknowledged_ = 0;
    std::stop_source patience_;  ///< ends the wait for a slot in use
    std::jthread answering_;
};

}  // namespace dts
