// The Unix socket on which a worker says what it is doing. Whoever connects is sent the
// WorkerStatus as one line of JSON at once, then again at every change of state and once a second
// while anything in it changes, until one side closes. Nothing is asked: `nc -U status.sock` shows
// it.
#pragma once

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "lib/control/worker_status.hpp"

namespace dts {

class StatusSocket {
  public:
    /// Listens at `path`, in place of a socket that a killed worker left there. `status` is called
    /// on the loop's thread. Throws Error{log_directory} when it cannot listen.
    StatusSocket(boost::asio::io_context& loop, std::filesystem::path path,
                 std::function<WorkerStatus()> status);
    /// Closes all connections and removes the socket's file.
    ~StatusSocket();

    /// The state has changed: everybody is told now. On the loop's thread.
    void changed();

  private:
    struct Server;
    std::shared_ptr<Server> server_;
};

/// The other end: follows one worker's socket, on the loop's thread.
class StatusReader {
  public:
    struct Events {
        std::function<void(WorkerStatus)> on_status;
        std::function<void()> on_end;  ///< the worker closed it, or it cannot be read
    };
    StatusReader(boost::asio::io_context& loop, const std::filesystem::path& path, Events events);
    ~StatusReader();

  private:
    struct Connection;
    std::shared_ptr<Connection> connection_;
};

}  // namespace dts
