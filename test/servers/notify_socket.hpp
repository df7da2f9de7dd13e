// Takes the place of systemd for a program that a test starts: the socket that NOTIFY_SOCKET names.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace dts::test {

class NotifySocket {
  public:
    /// Makes the socket; its folder must exist.
    explicit NotifySocket(std::filesystem::path path);
    NotifySocket(const NotifySocket&) = delete;
    NotifySocket& operator=(const NotifySocket&) = delete;
    ~NotifySocket();

    const std::filesystem::path& path() const noexcept { return path_; }

    /// The next message that begins with `start` ("READY=1", "STATUS="); those before it are kept
    /// in seen(). Throws, with what has come, when there is none in time.
    std::string wait_for(std::string_view start,
                         std::chrono::milliseconds timeout = std::chrono::seconds(30));
    /// Takes what is there now; waits for nothing.
    void drain();
    /// All that has been taken so far.
    const std::vector<std::string>& seen() const noexcept { return seen_; }

  private:
    bool take(std::chrono::milliseconds timeout);

    std::filesystem::path path_;
    int socket_ = -1;
    std::vector<std::string> seen_;
};

}  // namespace dts::test
