// Connections to the stand-in, on one Asio loop. Commands that wait are asked again after each
// change, and when their time is up.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <set>

#include "test/servers/mongo/server.hpp"

namespace standin {

class Connection;

class Network {
  public:
    /// Listens on 127.0.0.1. Throws boost::system::system_error.
    Network(boost::asio::io_context& loop, Server& server, std::uint16_t port);
    ~Network();

    Server& server() { return server_; }
    boost::asio::io_context& loop() { return loop_; }
    void wait(const std::shared_ptr<Connection>& connection) { waiting_.insert(connection); }
    /// After a command: who waits is asked again if something has changed.
    void look_again();

  private:
    void accept();
    void set_timer();

    boost::asio::io_context& loop_;
    Server& server_;
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::steady_timer timer_;
    std::set<std::shared_ptr<Connection>> waiting_;
    std::uint64_t seen_changes_ = 0;
};

}  // namespace standin
