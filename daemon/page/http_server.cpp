#include "daemon/page/http_server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <list>

#include "lib/base/error.hpp"

namespace dts {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = boost::asio::ip::tcp;
using boost::system::error_code;

namespace {

/// For a client to close its side, once it was told that nothing more will be answered.
constexpr auto farewell = std::chrono::seconds(2);

tcp::endpoint endpoint_of(std::string_view text) {
    const auto refuse = [&]() -> tcp::endpoint {
        throw Error(ErrorKind::config, fmt::format("'{}' is no address to listen at", text),
                    "write ADDRESS:PORT with a numeric address: 127.0.0.1:9464 or [::1]:9464");
    };
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return refuse();
    std::string_view address = text.substr(0, colon);
    const std::string_view port_text = text.substr(colon + 1);
    const bool bracketed = address.starts_with('[') && address.ends_with(']');
    if (bracketed) address = address.substr(1, address.size() - 2);
    std::uint16_t port = 0;
    const auto [end, problem] =
        std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
    error_code ec;
    const auto ip = asio::ip::make_address(std::string(address), ec);
    if (ec || ip.is_v6() != bracketed || problem != std::errc() ||
        end != port_text.data() + port_text.size()) {
        return refuse();
    }
    return {ip, port};
}

}  // namespace

struct HttpServer::Server : std::enable_shared_from_this<HttpServer::Server> {
    class Connection;

    Server(asio::io_context& loop, WebSite the_site, Limits the_limits)
        : acceptor(loop), pause(loop), site(std::move(the_site)), limits(the_limits) {}

    void listen(std::string_view address);
    void accept();
    void make_room();
    void close();

    tcp::acceptor acceptor;
    asio::steady_timer pause;
    WebSite site;
    Limits limits;
    bool closed = false;
    /// In the order of their last sign of life: the one silent longest first.
    std::list<std::shared_ptr<Connection>> connections;
};

class HttpServer::Server::Connection : public std::enable_shared_from_this<Connection> {
  public:
    Connection(tcp::socket socket, std::weak_ptr<Server> server)
        : stream_(std::move(socket)), server_(std::move(server)) {}

    void read() {
        const auto server = server_.lock();
        if (!server) return;
        parser_.emplace();
        parser_->header_limit(server->limits.header_bytes);
        // The first bytes of the next request may come late, the rest of it may not. What has
        // arrived with the last one counts as begun.
        const bool first = requests_ == 0;
        if (buffer_.size() == 0 && !first) {
            stream_.expires_after(server->limits.idle);
            stream_.async_read_some(buffer_.prepare(4096), [self = this->shared_from_this()](
                                                               error_code ec, std::size_t bytes) {
                if (ec) return self->leave();
                self->buffer_.commit(bytes);
                self->read_request();
            });
            return;
        }
        read_request();
    }

    void close() {
        error_code ignored;
        stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
        stream_.close();
    }

  private:
    void read_request() {
        const auto server = server_.lock();
        if (!server) return;
        stream_.expires_after(server->limits.request);
        http::async_read(stream_, buffer_, *parser_,
                         [self = this->shared_from_this()](error_code ec, std::size_t) {
                             self->on_request(ec);
                         });
    }

    void on_request(error_code ec) {
        const auto server = server_.lock();
        if (!server || ec == http::error::end_of_stream || ec == asio::error::operation_aborted ||
            ec == beast::error::timeout || ec == asio::error::eof ||
            ec == asio::error::connection_reset) {
            return leave();
        }
        ++requests_;
        if (ec) {
            keep_alive_ = false;
            if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
                return send(server->site.refusal(431, "Request too large",
                                                 "The request's header is too large."));
            }
            if (ec == http::error::unexpected_body || ec == http::error::body_limit) {
                return send(server->site.refusal(413, "No body wanted",
                                                 "Only GET and HEAD, without a body."));
            }
            return send(server->site.refusal(400, "Bad request", "This is no HTTP request."));
        }
        const auto& request = parser_->get();
        keep_alive_ = request.keep_alive();
        head_only_ = request.method() == http::verb::head;
        const auto text = [](beast::string_view view) {
            return std::string_view(view.data(), view.size());
        };
        WebRequest asked{.method = text(request.method_string()),
                         .target = text(request.target()),
                         .host = std::nullopt,
                         .needs_host = request.version() >= 11};
        if (const auto host = request.find(http::field::host); host != request.end()) {
            asked.host = text(host->value());
        }
        send(server->site.answer(asked));
    }

    void send(WebAnswer answer) {
        const auto server = server_.lock();
        if (!server) return;
        answer_.emplace(static_cast<http::status>(answer.status), 11);
        answer_->set(http::field::server, "dtsd");
        answer_->set(http::field::content_type, answer.content_type);
        for (const auto& [name, value] : answer.headers) answer_->set(name, value);
        answer_->keep_alive(keep_alive_);
        answer_->content_length(answer.body.size());
        if (!head_only_) answer_->body() = std::move(answer.body);
        stream_.expires_after(server->limits.answer);
        // A HEAD's answer is all header: the length that it names is that of the body not sent.
        serializer_.emplace(*answer_);
        const auto done = [self = this->shared_from_this()](error_code ec, std::size_t) {
            self->on_sent(ec);
        };
        if (head_only_) {
            http::async_write_header(stream_, *serializer_, done);
        } else {
            http::async_write(stream_, *serializer_, done);
        }
    }

    void on_sent(error_code ec) {
        serializer_.reset();
        answer_.reset();
        if (ec) return leave();
        if (!keep_alive_) {
            // Closing now would reset the connection, and with it the answer, where the client has
            // sent more than was read.
            error_code ignored;
            stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
            stream_.expires_after(farewell);
            return drain();
        }
        if (const auto server = server_.lock()) {
            auto& all = server->connections;
            const auto self = std::find(all.begin(), all.end(), this->shared_from_this());
            if (self != all.end()) all.splice(all.end(), all, self);
        }
        read();
    }

    void drain() {
        buffer_.clear();
        stream_.async_read_some(buffer_.prepare(4096),
                                [self = this->shared_from_this()](error_code ec, std::size_t) {
                                    ec ? self->leave() : self->drain();
                                });
    }

    void leave() {
        close();
        if (const auto server = server_.lock()) {
            server->connections.remove(this->shared_from_this());
        }
    }

    beast::tcp_stream stream_;
    std::weak_ptr<Server> server_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::empty_body>> parser_;
    std::optional<http::response<http::string_body>> answer_;
    std::optional<http::response_serializer<http::string_body>> serializer_;
    std::uint64_t requests_ = 0;
    bool keep_alive_ = false;
    bool head_only_ = false;
};

void HttpServer::Server::listen(std::string_view address) {
    const tcp::endpoint endpoint = endpoint_of(address);
    error_code ec;
    acceptor.open(endpoint.protocol(), ec);
    if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec) acceptor.bind(endpoint, ec);
    if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
    if (ec) {
        throw Error(ErrorKind::config,
                    fmt::format("cannot listen at {}: {}", address, ec.message()),
                    "choose another --metrics-address, or none with an empty one");
    }
    accept();
}

void HttpServer::Server::accept() {
    acceptor.async_accept([self = shared_from_this()](error_code ec, tcp::socket socket) {
        if (self->closed || ec == asio::error::operation_aborted) return;
        if (ec) {
            // Out of descriptors, most likely: at once it would fail again.
            self->pause.expires_after(std::chrono::seconds(1));
            self->pause.async_wait([self](error_code stop) {
                if (!stop && !self->closed) self->accept();
            });
            return;
        }
        self->make_room();
        const auto connection = std::make_shared<Connection>(std::move(socket), self);
        self->connections.push_back(connection);
        connection->read();
        self->accept();
    });
}

void HttpServer::Server::make_room() {
    while (!connections.empty() && connections.size() >= limits.connections) {
        const auto silent = connections.front();
        connections.pop_front();
        silent->close();
    }
}

void HttpServer::Server::close() {
    closed = true;
    error_code ignored;
    acceptor.close(ignored);
    pause.cancel();
    for (const auto& connection : connections) connection->close();
    connections.clear();
}

HttpServer::HttpServer(asio::io_context& loop, std::string_view address, WebSite site)
    : HttpServer(loop, address, std::move(site), Limits{}) {}

HttpServer::HttpServer(asio::io_context& loop, std::string_view address, WebSite site,
                       Limits limits)
    : server_(std::make_shared<Server>(loop, std::move(site), limits)) {
    server_->listen(address);
}

HttpServer::~HttpServer() {
    server_->close();
}

std::uint16_t HttpServer::port() const {
    error_code ignored;
    return server_->acceptor.local_endpoint(ignored).port();
}

std::string HttpServer::address() const {
    error_code ignored;
    const tcp::endpoint endpoint = server_->acceptor.local_endpoint(ignored);
    const std::string ip = endpoint.address().to_string();
    return endpoint.address().is_v6() ? fmt::format("[{}]:{}", ip, endpoint.port())
                                      : fmt::format("{}:{}", ip, endpoint.port());
}

bool HttpServer::is_open_to_others() const {
    error_code ignored;
    return !server_->acceptor.local_endpoint(ignored).address().is_loopback();
}

}  // namespace dts
