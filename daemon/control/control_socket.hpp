// dtsd's own socket, for dtsctl: answers the calls of control_call.hpp. Everybody may read; acting
// is for root, the daemon's own account and the group dts. On the loop's thread.
#pragma once

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <memory>
#include <string>

#include "daemon/supervisor/supervisor.hpp"

namespace dts {

class ControlSocket {
  public:
    struct Options {
        std::filesystem::path path;           ///< in place of what is there: the run dir is locked
        std::string operators_group = "dts";  ///< may act
        std::string about = "{}";             ///< JSON: what "daemon" is answered with
    };
    /// Throws Error{config} when it cannot listen.
    ControlSocket(boost::asio::io_context& loop, Supervisor& supervisor, Options options);
    /// Closes all connections and removes the socket's file.
    ~ControlSocket();

  private:
    struct Server;
    std::shared_ptr<Server> server_;
};

}  // namespace dts
