#include "test/unit/daemon/http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <unistd.h>

namespace dts::test {

namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

std::string HttpAnswer::header(std::string_view name) const {
    const auto at = head.find("\r\n" + std::string(name) + ": ");
    if (at == std::string::npos) return {};
    const auto start = at + name.size() + 4;
    return head.substr(start, head.find("\r\n", start) - start);
}

HttpClient::HttpClient(std::uint16_t port, int receive_bytes)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (socket_ < 0) fail("socket");
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (receive_bytes > 0) {
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(socket_);
        fail("connect");
    }
}

HttpClient::~HttpClient() {
    ::close(socket_);
}

void HttpClient::send(std::string_view text) {
    while (!text.empty()) {
        const auto sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent < 0) fail("send");
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
}

bool HttpClient::read_more() {
    std::array<char, 65536> buffer;
    const auto got = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno != ECONNRESET) fail("nothing came");
    if (got <= 0) return false;
    received_.append(buffer.data(), static_cast<std::size_t>(got));
    return true;
}

HttpAnswer HttpClient::read_answer(bool has_body) {
    const auto need = [&](bool more) {
        if (!more) throw std::runtime_error("the connection ended in an answer: " + received_);
    };
    std::size_t end = 0;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) need(read_more());
    HttpAnswer answer;
    answer.head = received_.substr(0, end + 2);
    received_.erase(0, end + 4);
    if (!answer.head.starts_with("HTTP/1.1 ")) {
        throw std::runtime_error("no answer begins with " + answer.head);
    }
    answer.status = std::stoi(answer.head.substr(answer.head.find(' ') + 1));
    if (has_body) {
        const std::size_t length = std::stoul(answer.header("Content-Length"));
        while (received_.size() < length) need(read_more());
        answer.body = received_.substr(0, length);
        received_.erase(0, length);
    }
    return answer;
}

std::string HttpClient::read_to_end() {
    while (read_more()) {
    }
    return std::move(received_);
}

}  // namespace dts::test
