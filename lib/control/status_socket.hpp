// The Unix socket on which a worker says what it is doing. Whoever connects is sent the
// WorkerStatus as one line of JSON at once, then again at every change of state and once a second
// while anything in it changes, until one side closes. Nothing is asked: `nc -U status.sock` shows
// it.
//
// The worker waits for no reader: one that takes nothing for some seconds is dropped.
#pragma once

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "lib/control/worker_status.hpp"

namespace dts {

class StatusSocket {
  public:
    struct Limits {
        std::chrono::milliseconds interval{
            1000};  ///< between two lines while the state is the same
        std::chrono::milliseconds patience{5000};  ///< with a reader that takes nothing
        std::size_t most_readers = 64;
    };

    /// Listens at `path`, in place of a socket that a killed worker left there; everybody may read.
    /// `status` is called on the loop's thread. Throws Error{log_directory} when it cannot listen,
    /// or another worker does there.
    StatusSocket(boost::asio::io_context& loop, std::filesystem::path path,
                 std::function<WorkerStatus()> status, Limits limits);
    StatusSocket(boost::asio::io_context& loop, std::filesystem::path path,
                 std::function<WorkerStatus()> status);
    /// Closes all connections and removes the socket's file.
    ~StatusSocket();

    /// The state has changed: everybody is told now. On the loop's thread.
    void changed();

    /// Takes no more connections, sends the last status and closes each connection behind it.
    /// `done` is called, once, when all have been, or after `patience` at the latest. On the loop's
    /// thread.
    void finish(std::function<void()> done);

  private:
    struct Server;
    std::shared_ptr<Server> server_;
};

/// The other end: follows one worker's socket, on the loop's thread. A socket that is not there, or
/// closes, or says what is no status, is its end.
class StatusReader {
  public:
    struct Events {
        std::function<void(WorkerStatus)> on_status;
        std::function<void()> on_end;  ///< once: the worker closed it, or it cannot be read
    };
    /// Both are called from the loop, never from inside the constructor, and not any more once the
    /// reader is gone. They may destroy it.
    StatusReader(boost::asio::io_context& loop, const std::filesystem::path& path, Events events);
    ~StatusReader();
    StatusReader(const StatusReader&) = delete;
    StatusReader& operator=(const StatusReader&) = delete;

  private:
    struct Connection;
    std::shared_ptr<Connection> connection_;
};

}  // namespace dts
