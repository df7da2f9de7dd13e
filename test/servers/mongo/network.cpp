// At -O1 g++ 12 takes Asio's scheduler for one that follows null pointers.
#pragma GCC diagnostic ignored "-Wnull-dereference"

#include "test/servers/mongo/network.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <csignal>

#include "test/servers/mongo/failure.hpp"
#include "test/servers/mongo/wire.hpp"

namespace standin {

using boost::asio::ip::tcp;

class Connection : public std::enable_shared_from_this<Connection> {
  public:
    Connection(Network& network, tcp::socket socket)
        : network_(network), socket_(std::move(socket)), timer_(network.loop()) {}

    void read() {
        header_.resize(MessageHeader::size);
        boost::asio::async_read(
            socket_, boost::asio::buffer(header_),
            [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                if (!error) self->read_body();
            });
    }

    /// Whether it has come to an end.
    bool attempt(bool last) {
        std::optional<Value> reply;
        try {
            reply = task_.attempt(last);
        } catch (const Failure& failure) {
            reply = server().failed(*request_, failure);
        } catch (const std::exception& error) {
            reply = server().failed(*request_, failure(code::bad_value, error.what()));
        }
        if (!reply) return false;
        timer_.cancel();
        answer(std::move(*reply));
        return true;
    }

  private:
    Server& server() { return network_.server(); }

    void read_body() {
        message_header_ = MessageHeader::parse(header_);
        if (message_header_.length < static_cast<std::int32_t>(MessageHeader::size) + 5 ||
            message_header_.length > max_message_bytes) {
            return;
        }
        body_.resize(static_cast<std::size_t>(message_header_.length) - MessageHeader::size);
        boost::asio::async_read(
            socket_, boost::asio::buffer(body_),
            [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                if (!error) self->take_message();
            });
    }

    void take_message() {
        try {
            Message message = parse_message(message_header_, body_);
            wants_reply_ = message.wants_reply;
            request_ = std::make_shared<Request>(std::move(message.request));
        } catch (const BadBson&) {
            return close();
        }
        fault_ = server().faults().take(request_->command(), request_->ns());
        if (!fault_) return run();
        if (fault_->close_connection) return close();
        if (fault_->block_milliseconds == 0) return run();
        timer_.expires_after(std::chrono::milliseconds(fault_->block_milliseconds));
        timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
            if (!error) self->run();
        });
    }

    void run() {
        try {
            if (fault_ && fault_->error_code) {
                throw failure(*fault_->error_code, "Failing command via 'failCommand' failpoint",
                              fault_->labels);
            }
            task_ = server().start(request_);
        } catch (const Failure& failure) {
            answer(server().failed(*request_, failure));
            return network_.look_again();
        } catch (const std::exception& error) {
            answer(server().failed(*request_, failure(code::bad_value, error.what())));
            return network_.look_again();
        }
        if (!attempt(task_.wait_milliseconds == 0)) wait();
        network_.look_again();
    }

    void wait() {
        network_.wait(shared_from_this());
        timer_.expires_after(std::chrono::milliseconds(task_.wait_milliseconds));
        timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
            if (error || !self->task_.attempt) return;
            self->attempt(true);
            self->network_.look_again();
        });
    }

    void answer(Value reply) {
        task_ = {};
        if (fault_ && fault_->die_unanswered) std::raise(SIGKILL);
        if (fault_ && fault_->close_unanswered) return close();
        if (fault_ && fault_->write_concern_error) {
            reply.append("writeConcernError", *fault_->write_concern_error);
        }
        if (!reply.has("$clusterTime")) reply = server().finished(std::move(reply));
        if (!wants_reply_) return read();
        out_ = reply_message(message_header_, reply);
        boost::asio::async_write(
            socket_, boost::asio::buffer(out_),
            [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                if (!error) self->read();
            });
    }

    void close() {
        boost::system::error_code ignored;
        socket_.close(ignored);
    }

    Network& network_;
    tcp::socket socket_;
    boost::asio::steady_timer timer_;
    std::string header_, body_, out_;
    MessageHeader message_header_;
    bool wants_reply_ = true;
    std::shared_ptr<Request> request_;
    std::optional<Fault> fault_;
    Task task_;

    friend class Network;
};

Network::Network(boost::asio::io_context& loop, Server& server, std::uint16_t port)
    : loop_(loop),
      server_(server),
      acceptor_(loop, tcp::endpoint(boost::asio::ip::address_v4::loopback(), port)),
      timer_(loop) {
    accept();
}

Network::~Network() = default;

void Network::accept() {
    acceptor_.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
        if (error) return;
        socket.set_option(tcp::no_delay(true));
        std::make_shared<Connection>(*this, std::move(socket))->read();
        accept();
    });
}

void Network::look_again() {
    while (seen_changes_ != server_.engine().changes()) {
        seen_changes_ = server_.engine().changes();
        const auto waiting = waiting_;
        for (const auto& connection : waiting) {
            const bool over = !connection->task_.attempt || connection->attempt(false);
            if (over) waiting_.erase(connection);
        }
    }
    set_timer();
}

void Network::set_timer() {
    const auto deadline = server_.next_deadline();
    if (deadline == 0) {
        timer_.cancel();
        return;
    }
    timer_.expires_after(
        std::chrono::milliseconds(std::max<std::int64_t>(deadline - wall_milliseconds(), 1)));
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        server_.on_time();
        look_again();
    });
}

}  // namespace standin
