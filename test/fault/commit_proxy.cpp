#include "test/fault/commit_proxy.hpp"

#include <arpa/inet.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <poll.h>
#include <stdexcept>
#include <string_view>
#include <unistd.h>
#include <utility>

#include "test/servers/database_server.hpp"

namespace dts::test {

namespace {

sockaddr_in address_of(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

/// A descriptor that closes itself.
struct Socket {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    Socket() = default;
    explicit Socket(int taken) : fd(taken) {}
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() { close(fd); }
};

bool send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

/// Follows what a client sends, and tells where a COMMIT begins. MySQL: packets of a 3-byte length,
/// a sequence number, and for a command (number 0) its code. Postgres: a kind, a 4-byte length that
/// counts itself, and what a query (Q) says; the first message has no kind.
class CommandReader {
  public:
    explicit CommandReader(SqlKind kind) : kind_(kind) {}

    /// Takes all bytes up to the first COMMIT, or all; the number taken. at_commit() says which.
    std::size_t take(std::string_view bytes) {
        at_commit_ = false;
        for (std::size_t i = 0; i < bytes.size();) {
            if (left_ > 0) {
                const auto count = std::min(left_, bytes.size() - i);
                left_ -= count;
                i += count;
                continue;
            }
            header_ += bytes[i++];
            if (header_.size() < header_bytes()) continue;
            const std::size_t header_size = header_.size();
            const bool is_command = read_header();
            // A client waits for the reply of a command: a short one arrives in one piece.
            if (is_command && bytes.substr(i).starts_with(commit())) {
                at_commit_ = true;
                left_ = 0;
                return i - header_size;
            }
            if (is_command) ++commands_;
        }
        return bytes.size();
    }
    bool at_commit() const noexcept { return at_commit_; }
    /// Commands since the last COMMIT.
    unsigned commands() const noexcept { return commands_; }
    void begin_transaction() noexcept { commands_ = 0; }

  private:
    std::size_t header_bytes() const noexcept {
        return kind_ == SqlKind::postgres && has_begun_ ? 5 : 4;
    }
    std::string_view commit() const noexcept {
        return kind_ == SqlKind::postgres ? "COMMIT"
                                          : "\x03"
                                            "COMMIT";
    }
    /// What follows it has left_ bytes. True for a command.
    bool read_header() {
        const std::string header = std::exchange(header_, {});
        const auto byte = [&](std::size_t n) -> std::size_t {
            return static_cast<unsigned char>(header[n]);
        };
        if (kind_ == SqlKind::mysql) {
            left_ = byte(0) | byte(1) << 8U | byte(2) << 16U;
            return byte(3) == 0;
        }
        const std::size_t at = header.size() - 4;
        left_ = (byte(at) << 24U | byte(at + 1) << 16U | byte(at + 2) << 8U | byte(at + 3)) - 4;
        return std::exchange(has_begun_, true) && header[0] == 'Q';
    }

    const SqlKind kind_;
    bool has_begun_ = false;
    std::string header_;
    std::size_t left_ = 0;
    unsigned commands_ = 0;
    bool at_commit_ = false;
};

}  // namespace

/// One client and its way to the server; runs in a thread of its own.
class CommitProxy::Connection {
  public:
    Connection(CommitProxy& proxy, int client)
        : proxy_(proxy), client_(client), reader_(proxy.kind_) {}

    void run() {
        const auto address = address_of(proxy_.server_port_);
        if (connect(server_.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            return;
        }
        for (;;) {
            std::array<pollfd, 3> ready{
                {{client_.fd, POLLIN, 0}, {server_.fd, POLLIN, 0}, {proxy_.wake_, POLLIN, 0}}};
            if (poll(ready.data(), ready.size(), -1) < 0) continue;
            if (ready[2].revents != 0) return;
            if (ready[0].revents != 0 && !from_client()) return;
            if (ready[1].revents != 0 && !from_server()) return;
        }
    }

  private:
    bool from_server() {
        const auto bytes = receive(server_.fd);
        return !bytes.empty() && send_all(client_.fd, bytes);
    }

    bool from_client() {
        const auto bytes = receive(client_.fd);
        if (bytes.empty()) return false;
        const auto taken = reader_.take(bytes);
        if (!reader_.at_commit()) return send_all(server_.fd, bytes);
        const bool changed_data = has_committed_ && reader_.commands() >= 2;
        has_committed_ = true;
        reader_.begin_transaction();
        if (changed_data) {
            if (auto armed = proxy_.disarm()) return fail(*armed, bytes, taken);
        }
        return send_all(server_.fd, bytes);
    }

    /// Always false: the connection is over.
    bool fail(const Armed& armed, std::string_view bytes, std::size_t before_commit) {
        const bool is_sent = armed.fault != CommitFault::not_sent;
        send_all(server_.fd, is_sent ? bytes : bytes.substr(0, before_commit));
        if (armed.fault == CommitFault::reply_lost) receive(server_.fd);
        if (armed.before_cut) armed.before_cut();
        proxy_.fired();
        return false;
    }

    /// Empty at the end of the connection. Valid until the next call.
    std::string_view receive(int fd) {
        const auto got = recv(fd, buffer_.data(), buffer_.size(), 0);
        return {buffer_.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
    }

    CommitProxy& proxy_;
    Socket client_;
    Socket server_;
    CommandReader reader_;
    bool has_committed_ = false;
    std::array<char, 64 * 1024> buffer_{};
};

CommitProxy::CommitProxy(std::uint16_t server_port, SqlKind kind)
    : server_port_(server_port), kind_(kind), port_(free_port()) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    wake_ = eventfd(0, EFD_CLOEXEC);
    const auto address = address_of(port_);
    if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener_, 16) != 0) {
        throw std::runtime_error("the proxy cannot listen on port " + std::to_string(port_));
    }
    acceptor_ = std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
}

CommitProxy::~CommitProxy() {
    acceptor_.request_stop();
    eventfd_write(wake_, 1);
    acceptor_.join();
    connections_.clear();
    close(listener_);
    close(wake_);
}

void CommitProxy::accept_all(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        std::array<pollfd, 2> ready{{{listener_, POLLIN, 0}, {wake_, POLLIN, 0}}};
        poll(ready.data(), ready.size(), -1);
        if (ready[0].revents == 0) continue;
        const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) continue;
        connections_.emplace_back([this, client] { Connection(*this, client).run(); });
    }
}

void CommitProxy::arm(CommitFault fault, std::function<void()> before_cut) {
    const std::lock_guard lock(mutex_);
    armed_ = Armed{fault, std::move(before_cut)};
    is_under_way_ = true;
}

std::optional<CommitProxy::Armed> CommitProxy::disarm() {
    const std::lock_guard lock(mutex_);
    return std::exchange(armed_, std::nullopt);
}

void CommitProxy::fired() {
    const std::lock_guard lock(mutex_);
    is_under_way_ = false;
    changed_.notify_all();
}

void CommitProxy::wait_until_fired(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, timeout, [this] { return !is_under_way_; })) {
        throw std::runtime_error("no COMMIT of data went through the proxy in time");
    }
}

}  // namespace dts::test
