// Follows what one worker says on its status socket, over its restarts: connects while the worker
// should be there, and again when it was cut off. One thread, the loop's.
#pragma once

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <functional>
#include <memory>

#include "lib/control/worker_status.hpp"

namespace dts {

class WorkerWatch {
  public:
    WorkerWatch(boost::asio::io_context& loop, std::filesystem::path socket,
                std::function<void(const WorkerStatus&)> on_status);
    /// Nothing is called any more.
    ~WorkerWatch();

    /// Whether a worker should be there. What an ending worker still has to say is heard after
    /// expect(false), too.
    void expect(bool there);

  private:
    struct Connection;
    std::shared_ptr<Connection> connection_;
};

}  // namespace dts
