#include "daemon/bus/bus.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <poll.h>

#include "lib/base/error.hpp"

namespace dts {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

struct BusDeleter {
    void operator()(sd_bus* bus) const noexcept { sd_bus_close_unref(bus); }
};

std::string words_of(int negative_errno) {
    return std::generic_category().message(-negative_errno);
}

/// A callback of sd-bus is C: nothing may be thrown through it.
template <typename Call>
void guarded(Call&& call) noexcept {
    try {
        call();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bus: %s\n", error.what());
    }
}

int on_signal(sd_bus_message* message, void* data, sd_bus_error*) noexcept {
    guarded([&] { (*static_cast<Bus::OnMessage*>(data))(message); });
    return 0;
}

int on_method_reply(sd_bus_message* message, void* data, sd_bus_error*) noexcept {
    guarded([&] {
        const auto& on_reply = *static_cast<Bus::OnReply*>(data);
        const sd_bus_error* error = sd_bus_message_get_error(message);
        if (error == nullptr) return on_reply(message, nullptr);
        const BusError described{error->name == nullptr ? "" : error->name,
                                 error->message == nullptr ? "" : error->message};
        on_reply(message, &described);
    });
    return 0;
}

}  // namespace

void bus_check(int result, const char* what) {
    if (result < 0) {
        throw Error(ErrorKind::bug, fmt::format("bus: {}: {}", what, words_of(result)));
    }
}

struct Bus::Connection : std::enable_shared_from_this<Bus::Connection> {
    Connection(asio::io_context& loop_, std::string address_, Events events_)
        : loop(loop_),
          address(std::move(address_)),
          events(std::move(events_)),
          descriptor(loop_),
          due(loop_),
          again(loop_) {}

    asio::io_context& loop;
    const std::string address;
    Events events;
    std::unique_ptr<sd_bus, BusDeleter> bus;
    asio::posix::stream_descriptor descriptor;
    asio::steady_timer due;    ///< what sd-bus wants to do by itself: timeouts
    asio::steady_timer again;  ///< the next attempt to connect
    std::chrono::milliseconds delay{100};
    std::uint64_t generation = 0;  ///< tells the handlers of an earlier connection
    bool reading = false;
    bool writing = false;
    bool pumping = false;
    bool closed = false;

    void connect() {
        sd_bus* made = nullptr;
        int result = 0;
        const char* given = address.empty() ? nullptr : address.c_str();
        if (given == nullptr) {
            result = sd_bus_open_system_with_description(&made, "dtsd");
        } else {
            result = sd_bus_new(&made);
            if (result >= 0) result = sd_bus_set_address(made, given);
            if (result >= 0) result = sd_bus_set_bus_client(made, 1);
            if (result >= 0) result = sd_bus_start(made);
        }
        bus.reset(made);
        if (result < 0) {
            bus.reset();
            throw Error(ErrorKind::unreachable,
                        fmt::format("the {} cannot be reached: {}",
                                    given == nullptr ? std::string("system bus")
                                                     : fmt::format("bus at {}", given),
                                    words_of(result)),
                        "is dbus running? DBUS_SYSTEM_BUS_ADDRESS says where it is looked for");
        }
        ++generation;
        reading = writing = false;
        descriptor.assign(sd_bus_get_fd(bus.get()));
    }

    void up() {
        if (events.on_up) events.on_up();
        pump();
    }

    /// Lets go of the descriptor, which is sd-bus's own.
    void drop() noexcept {
        due.cancel();
        error_code ignored;
        if (descriptor.is_open()) {
            descriptor.cancel(ignored);
            descriptor.release();
        }
        ++generation;
        bus.reset();
    }

    void lost() {
        drop();
        if (events.on_down) events.on_down();
        reconnect_later();
    }

    void reconnect_later() {
        if (closed) return;
        again.expires_after(delay);
        again.async_wait([self = weak_from_this()](const error_code& aborted) {
            const auto connection = self.lock();
            if (aborted || !connection || connection->closed) return;
            connection->reconnect();
        });
        delay = std::min<std::chrono::milliseconds>(delay * 2, std::chrono::seconds(10));
    }

    void reconnect() {
        try {
            connect();
        } catch (const Error&) {
            reconnect_later();
            return;
        }
        up();
    }

    void pump() {
        if (pumping) return;
        pumping = true;
        asio::post(loop, [self = weak_from_this()] {
            if (const auto connection = self.lock()) {
                connection->pumping = false;
                connection->process();
            }
        });
    }

    void process() {
        while (bus) {
            const int result = sd_bus_process(bus.get(), nullptr);
            if (result < 0) return lost();
            if (result == 0) break;
        }
        if (bus) wait();
    }

    void wait() {
        const int wanted = sd_bus_get_events(bus.get());
        if (wanted < 0) return lost();
        wait_for(asio::posix::stream_descriptor::wait_read, (wanted & POLLIN) != 0, reading);
        wait_for(asio::posix::stream_descriptor::wait_write, (wanted & POLLOUT) != 0, writing);
        std::uint64_t until_us = 0;
        if (sd_bus_get_timeout(bus.get(), &until_us) < 0 || until_us == UINT64_MAX) {
            due.cancel();
            return;
        }
        // sd-bus counts on CLOCK_MONOTONIC, as steady_clock does.
        due.expires_at(std::chrono::steady_clock::time_point(std::chrono::microseconds(until_us)));
        due.async_wait([self = weak_from_this(), made = generation](const error_code& aborted) {
            const auto connection = self.lock();
            if (aborted || !connection || connection->generation != made) return;
            connection->process();
        });
    }

    void wait_for(asio::posix::stream_descriptor::wait_type what, bool wanted, bool& under_way) {
        if (!wanted || under_way) return;
        under_way = true;
        descriptor.async_wait(
            what, [self = weak_from_this(), made = generation, what](const error_code& aborted) {
                const auto connection = self.lock();
                if (!connection || connection->generation != made) return;
                (what == asio::posix::stream_descriptor::wait_read ? connection->reading
                                                                   : connection->writing) = false;
                if (!aborted) {
                    connection->delay = std::chrono::milliseconds(100);
                    connection->process();
                }
            });
    }
};

Bus::Bus(asio::io_context& loop, std::string address, Events events)
    : connection_(std::make_shared<Connection>(loop, std::move(address), std::move(events))) {}

Bus::~Bus() {
    close();
}

void Bus::open() {
    connection_->connect();
    connection_->up();
}

void Bus::close() noexcept {
    connection_->closed = true;
    connection_->again.cancel();
    if (connection_->bus) sd_bus_flush(connection_->bus.get());
    connection_->drop();
}

bool Bus::is_up() const noexcept {
    return connection_->bus && sd_bus_is_open(connection_->bus.get()) > 0;
}

sd_bus* Bus::handle() const noexcept {
    return connection_->bus.get();
}

void Bus::pump() {
    connection_->pump();
}

BusMessage Bus::method_call(const char* destination, const char* path, const char* interface,
                            const char* member) {
    sd_bus_message* made = nullptr;
    const int result = connection_->bus ? sd_bus_message_new_method_call(
                                              handle(), &made, destination, path, interface, member)
                                        : -ENOTCONN;
    if (result < 0) {
        throw Error(ErrorKind::unreachable,
                    fmt::format("no connection to the bus: {}", words_of(result)));
    }
    return BusMessage(made);
}

void Bus::call(const BusMessage& message, OnReply on_reply, std::chrono::microseconds timeout) {
    auto kept = std::make_unique<OnReply>(std::move(on_reply));
    sd_bus_slot* slot = nullptr;
    const int result = sd_bus_call_async(handle(), &slot, message.get(), on_method_reply,
                                         kept.get(), static_cast<std::uint64_t>(timeout.count()));
    if (result < 0) {
        throw Error(ErrorKind::unreachable,
                    fmt::format("no connection to the bus: {}", words_of(result)));
    }
    // The slot lives until the reply, and the callback as long as the slot.
    sd_bus_slot_set_destroy_callback(slot, [](void* data) { delete static_cast<OnReply*>(data); });
    kept.release();
    sd_bus_slot_set_floating(slot, 1);
    sd_bus_slot_unref(slot);
    pump();
}

BusSlot Bus::match(const std::string& rule, OnMessage on_message) {
    auto kept = std::make_unique<OnMessage>(std::move(on_message));
    sd_bus_slot* slot = nullptr;
    bus_check(sd_bus_add_match_async(handle(), &slot, rule.c_str(), on_signal, nullptr, kept.get()),
              "adding a match");
    sd_bus_slot_set_destroy_callback(slot,
                                     [](void* data) { delete static_cast<OnMessage*>(data); });
    kept.release();
    pump();
    return BusSlot(slot);
}

bool Bus::serve_until(const std::function<bool()>& done, std::chrono::milliseconds timeout) {
    const auto end = std::chrono::steady_clock::now() + timeout;
    while (!done()) {
        const int result = sd_bus_process(handle(), nullptr);
        if (result < 0) {
            throw Error(ErrorKind::unreachable,
                        fmt::format("the bus was lost: {}", words_of(result)));
        }
        if (result > 0) continue;
        const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
            end - std::chrono::steady_clock::now());
        if (left.count() <= 0) return false;
        sd_bus_wait(handle(), static_cast<std::uint64_t>(left.count()));
    }
    pump();
    return true;
}

}  // namespace dts
