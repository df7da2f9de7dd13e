// A TCP proxy between a worker and its target that reads along, and makes a COMMIT go wrong: the
// client cannot know whether it happened. Its threads end with it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "test/servers/sql_server.hpp"

namespace dts::test {

enum class CommitFault {
    reply_lost,   ///< executed; its reply is thrown away, then the connection is cut
    cut_at_once,  ///< sent on, and the connection cut while it may still be under way
    not_sent,     ///< the connection is cut in place of it
};

class CommitProxy {
  public:
    explicit CommitProxy(std::uint16_t server_port, SqlKind kind = SqlKind::mysql);
    CommitProxy(const CommitProxy&) = delete;
    CommitProxy& operator=(const CommitProxy&) = delete;
    ~CommitProxy();

    std::uint16_t port() const noexcept { return port_; }

    /// The next COMMIT of a transaction that changed data (the statements of a new connection
    /// before its first COMMIT are no such one) goes wrong. `before_cut` runs before the client can
    /// notice.
    void arm(CommitFault fault, std::function<void()> before_cut = {});
    /// Throws when it was not met in time.
    void wait_until_fired(std::chrono::milliseconds timeout = std::chrono::seconds(30));

  private:
    struct Armed {
        CommitFault fault;
        std::function<void()> before_cut;
    };
    class Connection;

    void accept_all(const std::stop_token& stop);
    std::optional<Armed> disarm();
    void fired();

    const std::uint16_t server_port_;
    const SqlKind kind_;
    const std::uint16_t port_;
    int listener_ = -1;
    int wake_ = -1;  ///< an eventfd, readable once the proxy ends
    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<Armed> armed_;
    bool is_under_way_ = false;
    std::jthread acceptor_;
    std::vector<std::jthread> connections_;  ///< of the acceptor
};

}  // namespace dts::test
