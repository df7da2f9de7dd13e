#include "daemon/supervisor/worker_watch.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <optional>

#include "lib/control/status_socket.hpp"

namespace dts {

namespace {

// A worker that starts makes its socket within milliseconds. One that never does, having none to
// make, is not asked for ever at that pace.
constexpr std::chrono::milliseconds first_delay{30};
constexpr std::chrono::milliseconds longest_delay{5000};

}  // namespace

struct WorkerWatch::Connection : std::enable_shared_from_this<Connection> {
    Connection(boost::asio::io_context& io, std::filesystem::path path,
               std::function<void(const WorkerStatus&)> tell)
        : loop(io), socket(std::move(path)), on_status(std::move(tell)), timer(io) {}

    void connect() {
        if (!expected || reader) return;
        StatusReader::Events events;
        const std::weak_ptr<Connection> weak = weak_from_this();
        events.on_status = [weak](const WorkerStatus& status) {
            const auto self = weak.lock();
            if (!self || !self->on_status) return;
            self->delay = first_delay;
            self->on_status(status);
        };
        // The reader calls this: it is taken apart when it has returned.
        events.on_end = [weak, number = ++readers, &io = loop] {
            boost::asio::post(io, [weak, number] {
                const auto self = weak.lock();
                if (self && self->readers == number) self->ended();
            });
        };
        reader.emplace(loop, socket, std::move(events));
    }

    void ended() {
        reader.reset();
        if (!expected) return;
        timer.expires_after(delay);
        delay = std::min(delay * 2, longest_delay);
        timer.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
            const auto self = weak.lock();
            if (self && !cancelled) self->connect();
        });
    }

    boost::asio::io_context& loop;
    const std::filesystem::path socket;
    std::function<void(const WorkerStatus&)> on_status;
    boost::asio::steady_timer timer;
    std::optional<StatusReader> reader;
    std::uint64_t readers = 0;
    std::chrono::milliseconds delay = first_delay;
    bool expected = false;
};

WorkerWatch::WorkerWatch(boost::asio::io_context& loop, std::filesystem::path socket,
                         std::function<void(const WorkerStatus&)> on_status)
    : connection_(std::make_shared<Connection>(loop, std::move(socket), std::move(on_status))) {}

WorkerWatch::~WorkerWatch() {
    connection_->on_status = nullptr;
    connection_->expected = false;
    connection_->timer.cancel();
    connection_->reader.reset();
}

void WorkerWatch::expect(bool there) {
    if (connection_->expected == there) return;
    connection_->expected = there;
    connection_->delay = first_delay;
    if (there) connection_->connect();
    if (!there) connection_->timer.cancel();
}

}  // namespace dts
