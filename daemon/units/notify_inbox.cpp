#include "daemon/units/notify_inbox.hpp"

#include <boost/asio/local/datagram_protocol.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include <cstring>

#include "lib/base/error.hpp"

namespace dts {

namespace {

using Datagram = boost::asio::local::datagram_protocol;

}  // namespace

struct NotifyInbox::Socket : std::enable_shared_from_this<Socket> {
    Socket(boost::asio::io_context& loop, std::filesystem::path where, OnNote tell)
        : socket(loop), path(std::move(where)), on_note(std::move(tell)) {}

    void open() {
        boost::system::error_code failed;
        std::error_code ignored;
        std::filesystem::remove(path, ignored);
        socket.open(Datagram(), failed);
        if (!failed) socket.bind(Datagram::endpoint(path.string()), failed);
        if (!failed) socket.non_blocking(true, failed);
        const int on = 1;
        if (!failed &&
            ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
            failed.assign(errno, boost::system::system_category());
        }
        if (failed) {
            throw Error(ErrorKind::config,
                        fmt::format("listening at {}: {}", path.string(), failed.message()));
        }
    }

    void wait() {
        socket.async_wait(Datagram::socket::wait_read,
                          [self = shared_from_this()](const boost::system::error_code& failed) {
                              if (failed || !self->on_note) return;
                              while (self->on_note && self->take_one()) {
                              }
                              if (self->on_note) self->wait();
                          });
    }

    bool take_one() {
        char text[4096];
        alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
        iovec part{text, sizeof text};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        const auto bytes =
            ::recvmsg(socket.native_handle(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (bytes < 0) return errno == EINTR;
        const cmsghdr* const header = CMSG_FIRSTHDR(&message);
        if (header == nullptr || header->cmsg_type != SCM_CREDENTIALS) return true;
        ucred sender{};
        std::memcpy(&sender, CMSG_DATA(header), sizeof sender);
        hand_over(sender.pid, std::string_view(text, static_cast<std::size_t>(bytes)));
        return true;
    }

    void hand_over(pid_t sender, std::string_view text) const {
        while (!text.empty()) {
            const auto line = text.substr(0, text.find('\n'));
            text.remove_prefix(std::min(line.size() + 1, text.size()));
            const auto equals = line.find('=');
            if (equals == std::string_view::npos) continue;
            on_note(sender, line.substr(0, equals), line.substr(equals + 1));
        }
    }

    Datagram::socket socket;
    const std::filesystem::path path;
    OnNote on_note;
};

NotifyInbox::NotifyInbox(boost::asio::io_context& loop, std::filesystem::path path, OnNote on_note)
    : socket_(std::make_shared<Socket>(loop, std::move(path), std::move(on_note))) {
    socket_->open();
    socket_->wait();
}

NotifyInbox::~NotifyInbox() {
    socket_->on_note = nullptr;
    boost::system::error_code ignored;
    socket_->socket.close(ignored);
    std::error_code also_ignored;
    std::filesystem::remove(socket_->path, also_ignored);
}

const std::filesystem::path& NotifyInbox::path() const noexcept {
    return socket_->path;
}

}  // namespace dts
