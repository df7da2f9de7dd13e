// Where the daemon's own workers say that they are ready and alive, as systemd would hear it
// (sd_notify). The kernel tells who is speaking. On the loop's thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

namespace dts {

class NotifyInbox {
  public:
    /// One assignment of a message: "READY", "1".
    using OnNote = std::function<void(pid_t sender, std::string_view name, std::string_view value)>;

    /// Listens at `path`, in place of what is there. Throws Error{config}.
    NotifyInbox(boost::asio::io_context& loop, std::filesystem::path path, OnNote on_note);
    ~NotifyInbox();

    const std::filesystem::path& path() const noexcept;

  private:
    struct Socket;
    std::shared_ptr<Socket> socket_;
};

}  // namespace dts
