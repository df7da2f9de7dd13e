// dtsd over HTTP: metrics and the status page, for reading only and without a login, which is why
// it listens on the loopback unless told otherwise. Slow, silent and large clients cannot hold it
// up: times, sizes and the number of connections are bounded. One thread, the loop's.
#pragma once

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/page/web_site.hpp"

namespace dts {

class HttpServer {
  public:
    struct Limits {
        std::chrono::milliseconds request{10'000};  ///< for a request to arrive whole
        std::chrono::milliseconds idle{75'000};     ///< between two requests of a connection
        std::chrono::milliseconds answer{30'000};   ///< for an answer to be taken
        std::size_t connections = 64;  ///< one more, and the one that is silent longest is closed
        std::uint32_t header_bytes = 16 * 1024;
    };

    /// Listens at "127.0.0.1:9464", "[::1]:9464"; port 0 takes a free one. Throws Error{config}
    /// when the address is none, or cannot be listened at.
    HttpServer(boost::asio::io_context& loop, std::string_view address, WebSite site,
               Limits limits);
    HttpServer(boost::asio::io_context& loop, std::string_view address, WebSite site);
    /// Closes everything.
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    std::uint16_t port() const;
    /// "127.0.0.1:9464", with the port that it has.
    std::string address() const;
    /// Not on the loopback: others can read it. Worth a line in the log.
    bool is_open_to_others() const;

  private:
    struct Server;
    std::shared_ptr<Server> server_;
};

}  // namespace dts
