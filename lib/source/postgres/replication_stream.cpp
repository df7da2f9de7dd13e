#include "lib/source/postgres/replication_stream.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <utility>

#include "lib/base/activity.hpp"
#include "lib/base/backoff.hpp"
#include "lib/base/clock_text.hpp"
#include "lib/position/postgres_position.hpp"
#include "lib/source/postgres/pgoutput_reader.hpp"
#include "lib/source/postgres/stream_error.hpp"
#include "lib/source/postgres/timeline.hpp"

namespace dts {

namespace {

constexpr int brief_wait_ms = 20;

Error interrupted_error() {
    return {ErrorKind::transient, "reading the replication slot was interrupted"};
}

void append_be64(std::string& out, std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

}  // namespace

ReplicationStream::ReplicationStream(Options options)
    : options_(std::move(options)), wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

ReplicationStream::~ReplicationStream() {
    answering_.request_stop();
}

void ReplicationStream::connect() {
    {
        std::lock_guard lock(connection_mutex_);
        copy_.reset();
        connection_.reset();
    }
    if (interrupted_) throw interrupted_error();
    auto connection = std::make_unique<PostgresConnection>(options_.endpoint,
                                                           PostgresConnection::Kind::replication);
    {
        std::lock_guard lock(connection_mutex_);
        connection_ = std::move(connection);
        copy_ = CopyBoth::make(*connection_);
        is_unused_ = false;
    }
    if (interrupted_) throw interrupted_error();
    identity_ = PostgresIdentity::read(*connection_).text();
    is_unused_ = true;
}

const std::string& ReplicationStream::identify() {
    answering_ = {};
    connect();
    return identity_;
}

PostgresConnection& ReplicationStream::walsender() {
    if (!is_unused_) identify();
    return *connection_;
}

void ReplicationStream::open(std::uint64_t lsn, bool in_binary) {
    answering_ = {};  // stops and joins the one of an earlier stream
    bytes_read_ = bytes_at_look_ = 0;
    last_came_ = CopyBoth::Came::nothing;
    pace_.start();
    is_at_fault_ = false;
    {
        std::lock_guard lock(answer_mutex_);
        acknowledged_ = 0;
        is_answer_wanted_ = false;
    }
    if (!is_unused_) connect();
    is_unused_ = false;
    // The server ends a stream whose reader is silent for wal_sender_timeout.
    const auto timeout = connection_->scalar(
        "SELECT setting FROM pg_catalog.pg_settings WHERE name='wal_sender_timeout'");
    if (const auto server_ms = std::stoll(timeout.value_or("0")); server_ms > 0) {
        options_.keepalive_interval = std::min(
            options_.keepalive_interval,
            std::max(std::chrono::milliseconds(server_ms / 4), std::chrono::milliseconds(20)));
    }
    // A worker that was killed may still be known to the server for a while; what it had sent may
    // be read once more. One that is alive answers at least every quarter of wal_sender_timeout.
    Backoff backoff(std::chrono::milliseconds(50), std::chrono::milliseconds(1000));
    const auto deadline = std::chrono::steady_clock::now() + options_.slot_patience;
    SlotUser user;
    unsigned answers = 0;
    while (!try_start(lsn, in_binary)) {
        if (options_.take_over) evict();
        SlotUser now = user_of_slot();
        answers = now.pid != user.pid                 ? 0
                  : now.reply_time != user.reply_time ? answers + 1
                                                      : answers;
        user = std::move(now);
        if (answers >= 2 && !options_.take_over) throw in_use(user, ErrorKind::log_directory);
        if (std::chrono::steady_clock::now() > deadline) throw in_use(user, ErrorKind::transient);
        if (!backoff.wait(patience_.get_token())) throw interrupted_error();
    }
    answering_ = std::jthread([this](const std::stop_token& stop) { answer(stop); });
}

/// False when the slot is in use.
bool ReplicationStream::try_start(std::uint64_t lsn, bool in_binary) {
    const int version = options_.in_progress ? connection_->version() : 0;
    const std::string command =
        fmt::format("START_REPLICATION SLOT {} LOGICAL {} ({}{}, publication_names {})",
                    postgres::quote_identifier(options_.slot), lsn_text(lsn),
                    version >= 160000   ? "proto_version '4', streaming 'parallel'"
                    : version >= 140000 ? "proto_version '2', streaming 'on'"
                                        : "proto_version '1'",
                    in_binary ? ", binary 'true'" : "",
                    postgres::quote_literal(postgres::quote_identifier(options_.publication)));
    is_in_progress_ = version >= 140000;
    const auto refusal = copy_->start(command);
    if (!refusal) {
        pause_.prepare(PQsocket(connection_->handle()));
        return true;
    }
    if (interrupted_) throw interrupted_error();
    if (refusal->sqlstate == "55006") return false;
    throw stream_error(*refusal, options_.slot, options_.publication);
}

ReplicationStream::SlotUser ReplicationStream::user_of_slot() {
    const auto user = connection_->query(fmt::format(
        "SELECT a.pid, pg_catalog.format('connection %s of ''%s'' from %s', a.pid, "
        "a.application_name, COALESCE(pg_catalog.host(a.client_addr), 'the server itself')), "
        "COALESCE(r.reply_time::text, '') FROM pg_catalog.pg_replication_slots s JOIN "
        "pg_catalog.pg_stat_activity a ON a.pid=s.active_pid LEFT JOIN "
        "pg_catalog.pg_stat_replication r ON r.pid=s.active_pid WHERE s.slot_name={}",
        postgres::quote_literal(options_.slot)));
    if (user.size() == 0) return {"", "another connection", ""};
    return {user.text(0, 0), user.text(0, 1), user.text(0, 2)};
}

Error ReplicationStream::in_use(const SlotUser& user, ErrorKind kind) const {
    return {kind, fmt::format("replication slot {} is in use by {}", options_.slot, user.name),
            "one slot serves one task: stop the other worker, or set [global] "
            "on_conflict=take_over"};
}

void ReplicationStream::evict() {
    try {
        connection_->query(fmt::format(
            "SELECT pg_catalog.pg_terminate_backend(active_pid) FROM "
            "pg_catalog.pg_replication_slots WHERE slot_name={} AND active_pid IS NOT NULL",
            postgres::quote_literal(options_.slot)));
    } catch (const Error& error) {
        // It may not: then it waits like anybody else.
        if (error.kind() == ErrorKind::transient) throw;
    }
}

std::optional<ReplicationStream::Message> ReplicationStream::next(Wait wait) {
    for (;;) {
        if (interrupted_) throw interrupted_error();
        const auto next = copy_->next();
        if (next.message) {
            bytes_read_ += next.message->size();
            return parse(*next.message);
        }
        if (next.ended) throw end_of_stream(*next.ended);
        if (!wait_for_bytes(wait)) return std::nullopt;
    }
}

/// Reads what has arrived; false when nothing has.
bool ReplicationStream::read() {
    last_came_ = copy_->read();
    return last_came_ != CopyBoth::Came::nothing;
}

/// False when nothing came in time. Under a load the socket is left alone also when the last look
/// brought a little: a reader that takes that much at a time keeps up with the server, message by
/// message, and never sees the socket empty.
bool ReplicationStream::wait_for_bytes(Wait wait) {
    pace_.has_read(bytes_read_ - std::exchange(bytes_at_look_, bytes_read_),
                   ReadPace::Clock::now());
    const auto pause = pace_.pause();
    const bool is_drained = pause.count() > 0 && last_came_ != CopyBoth::Came::something;
    if (!is_drained && read()) {
        idle_ = false;
        return true;
    }
    if (pause.count() > 0) {
        if (wait == Wait::none) return false;
        idle_ = false;
        if (pause_.rest(PQsocket(connection_->handle()), wake_.get(), pause)) forget_wake();
        read();
        return true;
    }
    pollfd polled[2] = {{PQsocket(connection_->handle()), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    const int timeout = wait == Wait::fully ? -1 : wait == Wait::briefly ? brief_wait_ms : 0;
    idle_ = wait == Wait::fully;
    int ready = 0;
    {
        const While waiting(Doing::outside);
        ready = ::poll(polled, 2, timeout);
    }
    if (ready < 0 && errno != EINTR)
        throw Error(ErrorKind::bug, fmt::format("poll: {}", std::strerror(errno)));
    if (polled[1].revents != 0) forget_wake();
    if (polled[0].revents != 0) {
        idle_ = false;
        read();
    }
    return ready != 0;
}

ReplicationStream::Message ReplicationStream::parse(Bytes bytes) {
    ByteReader reader(bytes);
    const char kind = static_cast<char>(reader.u8());
    Message message;
    message.is_data = kind == 'w';
    if (message.is_data) reader.skip(8);  // where the message's record begins
    message.wal_end = reader.unsigned_be<8>();
    message.sent_us = pgoutput::unix_time_us(reader.unsigned_be<8>());
    if (message.is_data) {
        message.payload = reader.rest();
    } else if (kind != 'k') {
        throw Error(ErrorKind::data,
                    fmt::format("a replication message of the unknown kind {}", int{kind}));
    } else if (reader.u8() != 0) {
        std::lock_guard lock(answer_mutex_);
        is_answer_wanted_ = true;
        answer_wanted_.notify_one();
    }
    return message;
}

Error ReplicationStream::end_of_stream(const CopyRefusal& refusal) {
    if (interrupted_) return interrupted_error();
    if (refusal.text.empty())
        return {ErrorKind::transient, "the source ended the replication stream"};
    is_at_fault_ = is_server_fault(refusal.sqlstate);
    return stream_error(refusal, options_.slot, options_.publication);
}

void ReplicationStream::acknowledge(std::uint64_t lsn) noexcept {
    std::lock_guard lock(answer_mutex_);
    if (lsn <= acknowledged_) return;
    acknowledged_ = lsn;
    is_answer_wanted_ = true;
    answer_wanted_.notify_one();
}

void ReplicationStream::answer(const std::stop_token& stop) {
    std::unique_lock lock(answer_mutex_);
    while (!stop.stop_requested()) {
        answer_wanted_.wait_for(lock, stop, options_.keepalive_interval,
                                [this] { return is_answer_wanted_; });
        if (stop.stop_requested()) return;
        is_answer_wanted_ = false;
        lock.unlock();
        send_status();
        lock.lock();
    }
}

/// Standby status update: written, flushed and applied up to the acknowledged place, nothing more.
/// A failure is left to the reader, who meets the same one.
void ReplicationStream::send_status() {
    std::uint64_t lsn = 0;
    {
        std::lock_guard lock(answer_mutex_);
        lsn = acknowledged_;
    }
    std::string status = "r";
    for (int i = 0; i < 3; ++i) append_be64(status, lsn);
    append_be64(status, pgoutput::postgres_time(now_us()));
    status += '\0';
    copy_->send(status);
    // libpq may have read what the reader now waits for at the socket.
    wake_reader();
}

void ReplicationStream::forget_wake() noexcept {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto bytes = ::read(wake_.get(), &count, sizeof count);
}

void ReplicationStream::wake_reader() noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

void ReplicationStream::interrupt() noexcept {
    interrupted_ = true;
    patience_.request_stop();
    wake_reader();
    // The answering thread may hold it, for a moment and without blocking: the eventfd is enough
    // then.
    std::unique_lock lock(connection_mutex_, std::try_to_lock);
    if (lock.owns_lock() && connection_) connection_->interrupt();
}

}  // namespace dts
