#include "lib/source/postgres/copy_both.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <poll.h>

#include "lib/base/activity.hpp"
#include "lib/source/chunk_buffer.hpp"

namespace dts {

namespace {

constexpr const char* reading = "reading the replication slot";

CopyRefusal refusal_of(const PostgresConnection& connection, const PGresult* result) {
    const auto field = [&](int code) -> std::string {
        const char* text = result ? PQresultErrorField(result, code) : nullptr;
        return text ? text : "";
    };
    const Error error = connection.error(result, reading);
    return {field(PG_DIAG_SQLSTATE), field(PG_DIAG_MESSAGE_PRIMARY), error.text(), error.hint()};
}

/// Through libpq. It reads where it sends, so that one thread at a time may use it.
class LibraryCopy final : public CopyBoth {
  public:
    explicit LibraryCopy(PostgresConnection& connection) : connection_(connection) {}

    std::optional<CopyRefusal> start(const std::string& command) override {
        const auto result = connection_.try_query(command);
        if (result.status() != PGRES_COPY_BOTH) return refusal_of(connection_, result.get());
        PQsetnonblocking(connection_.handle(), 1);
        return std::nullopt;
    }

    Next next() override {
        std::lock_guard lock(mutex_);
        char* buffer = nullptr;
        const int length = PQgetCopyData(connection_.handle(), &buffer, 1);
        buffer_.reset(buffer);
        if (length > 0)
            return {std::as_bytes(std::span(buffer, static_cast<std::size_t>(length))), {}};
        if (length == 0) return {};
        const PostgresResult result(PQgetResult(connection_.handle()));
        const bool plain_end = result.get() == nullptr || result.status() == PGRES_COMMAND_OK ||
                               result.status() == PGRES_COPY_IN;
        return {{}, plain_end ? CopyRefusal() : refusal_of(connection_, result.get())};
    }

    Came read() override {
        pollfd entry{PQsocket(connection_.handle()), POLLIN, 0};
        if (::poll(&entry, 1, 0) == 0) return Came::nothing;
        std::lock_guard lock(mutex_);
        if (PQconsumeInput(connection_.handle()) == 0) throw connection_.error(nullptr, reading);
        note_step();
        return Came::something;
    }

    void send(std::string_view message) noexcept override {
        std::lock_guard lock(mutex_);
        PGconn* c = connection_.handle();
        if (PQputCopyData(c, message.data(), static_cast<int>(message.size())) == 1) PQflush(c);
    }

  private:
    struct FreeBuffer {
        void operator()(char* buffer) const noexcept { PQfreemem(buffer); }
    };
    PostgresConnection& connection_;
    std::mutex mutex_;
    std::unique_ptr<char, FreeBuffer> buffer_;  ///< holds the message returned last
};

void append_be32(std::string& out, std::size_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

/// A message as the protocol has it: its type, the length of what follows, and that.
std::string framed(char type, std::string_view payload) {
    std::string out(1, type);
    append_be32(out, payload.size() + 4);
    return out += payload;
}

/// Past libpq. Reading and sending know nothing of each other.
class SocketCopy final : public CopyBoth {
  public:
    explicit SocketCopy(PostgresConnection& connection)
        : connection_(connection), socket_(PQsocket(connection.handle())) {}

    std::optional<CopyRefusal> start(const std::string& command) override {
        send_all(framed('Q', command + '\0'));
        std::optional<CopyRefusal> refusal;
        for (;;) {
            const auto frame = wait_for_frame();
            if (frame.type == 'W') return std::nullopt;
            if (frame.type == 'E') refusal = read_refusal(frame.payload);
            if (frame.type == 'Z' && refusal) return refusal;
            if (frame.type == 'Z')
                return CopyRefusal{"", "", connection_.display_name() + ": no copy began", ""};
        }
    }

    Next next() override {
        while (const auto frame = buffered_frame()) {
            switch (frame->type) {
                case 'd':
                    return {frame->payload, {}};
                case 'E':
                    return {{}, read_refusal(frame->payload)};
                case 'c':
                case 'C':  // a server that shuts down: without CopyDone before it
                    return {{}, CopyRefusal()};
                case 'N':  // a notice, a setting of the server that has changed
                case 'S':
                    break;
                default:
                    throw Error(ErrorKind::data,
                                fmt::format("postgres {}: {}: a message of the unknown type {}",
                                            connection_.display_name(), reading, int{frame->type}));
            }
        }
        return {};
    }

    Came read() override {
        const auto room = buffer_.room(wanted_);
        for (;;) {
            const ssize_t count = ::recv(socket_, room.data(), room.size(), MSG_DONTWAIT);
            if (count > 0) {
                buffer_.filled(static_cast<std::size_t>(count));
                note_step();
                const bool is_all = static_cast<std::size_t>(count) < room.size();
                return is_all && count < little_bytes ? Came::a_little : Came::something;
            }
            if (count < 0 && errno == EINTR) continue;
            if (count < 0 && errno == EAGAIN) return Came::nothing;
            throw lost(count == 0 ? "closed by the server" : std::strerror(errno));
        }
    }

    /// What could be sent in part only is completed before anything else.
    void send(std::string_view message) noexcept override {
        if (!send_rest()) return;
        unsent_ = framed('d', message);
        send_rest();
    }

  private:
    struct Frame {
        char type;
        Bytes payload;
    };
    static constexpr std::size_t head_bytes = 5;
    static constexpr ssize_t little_bytes = 8 * 1024;

    std::optional<Frame> buffered_frame() {
        const Bytes buffered = buffer_.buffered();
        wanted_ = head_bytes;
        if (buffered.size() < head_bytes) return std::nullopt;
        ByteReader head(buffered);
        const char type = static_cast<char>(head.u8());
        const auto length = static_cast<std::size_t>(head.unsigned_be<4>());
        if (length < 4 || length > largest_message)
            throw Error(ErrorKind::data, fmt::format("postgres {}: {}: a message of {} bytes",
                                                     connection_.display_name(), reading, length));
        wanted_ = 1 + length;
        if (buffered.size() < wanted_) return std::nullopt;
        const Bytes frame = buffer_.consume(wanted_);
        return Frame{type, frame.subspan(head_bytes)};
    }

    /// True when nothing is left; a broken connection is left to the reader.
    bool send_rest() noexcept {
        if (unsent_.empty()) return true;
        const ssize_t count =
            ::send(socket_, unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count > 0) unsent_.erase(0, static_cast<std::size_t>(count));
        return unsent_.empty();
    }

    Frame wait_for_frame() {
        for (;;) {
            if (const auto frame = buffered_frame()) return *frame;
            pollfd entry{socket_, POLLIN, 0};
            {
                const While waiting(Doing::outside);
                ::poll(&entry, 1, -1);
            }
            read();
        }
    }

    void send_all(std::string_view bytes) {
        const While waiting(Doing::outside);
        while (!bytes.empty()) {
            const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count > 0) {
                bytes.remove_prefix(static_cast<std::size_t>(count));
            } else if (errno == EAGAIN) {
                pollfd entry{socket_, POLLOUT, 0};
                ::poll(&entry, 1, -1);
            } else if (errno != EINTR) {
                throw lost(std::strerror(errno));
            }
        }
    }

    /// ErrorResponse: fields of a letter and a text each, ended by a zero.
    CopyRefusal read_refusal(Bytes payload) const {
        CopyRefusal refusal;
        std::string detail;
        std::string_view text = as_text(payload);
        while (!text.empty() && text.front() != '\0') {
            const char code = text.front();
            text.remove_prefix(1);
            const std::string value(text.substr(0, text.find('\0')));
            text.remove_prefix(std::min(value.size() + 1, text.size()));
            if (code == 'C') refusal.sqlstate = value;
            if (code == 'M') refusal.message = value;
            if (code == 'D') detail = value;
            if (code == 'H') refusal.hint = value;
        }
        refusal.text = fmt::format("postgres {}: {}: error {}: {}{}", connection_.display_name(),
                                   reading, refusal.sqlstate, refusal.message,
                                   detail.empty() ? "" : fmt::format(" ({})", detail));
        return refusal;
    }

    Error lost(std::string_view why) const {
        return {ErrorKind::transient, fmt::format("postgres {}: {}: the connection is lost: {}",
                                                  connection_.display_name(), reading, why)};
    }

    /// The server's own bound of what it sends (MaxAllocSize).
    static constexpr std::size_t largest_message = 0x40000000;

    PostgresConnection& connection_;
    int socket_;
    ChunkBuffer buffer_;
    std::size_t wanted_ = head_bytes;  ///< as many buffered bytes make the next message whole
    std::string unsent_;               ///< of the sending thread
};

}  // namespace

std::unique_ptr<CopyBoth> CopyBoth::make(PostgresConnection& connection) {
    if (PQsslInUse(connection.handle()) != 0) return std::make_unique<LibraryCopy>(connection);
    return std::make_unique<SocketCopy>(connection);
}

}  // namespace dts
