// One connection to a D-Bus bus on an Asio loop: calls and signals become callbacks, nothing waits
// in a thread of its own. When the bus goes away, the connection is made anew, with growing delay.
//
// The rule: slots and messages of a connection end with it. Make them in on_up, drop them in
// on_down.
#pragma once

#include <boost/asio/io_context.hpp>
#include <systemd/sd-bus.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace dts {

struct BusMessageDeleter {
    void operator()(sd_bus_message* message) const noexcept { sd_bus_message_unref(message); }
};
using BusMessage = std::unique_ptr<sd_bus_message, BusMessageDeleter>;

struct BusSlotDeleter {
    void operator()(sd_bus_slot* slot) const noexcept { sd_bus_slot_unref(slot); }
};
using BusSlot = std::unique_ptr<sd_bus_slot, BusSlotDeleter>;

/// An error of a bus call, in words: "org.freedesktop.DBus.Error.AccessDenied: ...".
struct BusError {
    std::string name;
    std::string text;
};

class Bus {
  public:
    /// A signal, or a reply. Valid during the call alone. What it throws is written to standard
    /// error: the loop goes on.
    using OnMessage = std::function<void(sd_bus_message* message)>;
    /// `error` is nullptr for a good reply.
    using OnReply = std::function<void(sd_bus_message* reply, const BusError* error)>;

    struct Events {
        std::function<void()> on_up;    ///< there is a new connection
        std::function<void()> on_down;  ///< it is gone; calls under way have got errors
    };

    /// `address` empty: the system's bus, or what DBUS_SYSTEM_BUS_ADDRESS says.
    Bus(boost::asio::io_context& loop, std::string address, Events events);
    Bus(const Bus&) = delete;
    Bus& operator=(const Bus&) = delete;
    ~Bus();

    /// Connects, and calls on_up. Throws Error{unreachable} when there is no bus; from then on it
    /// stays connected.
    void open();
    /// Sends what waits, and closes; no callbacks any more.
    void close() noexcept;

    bool is_up() const noexcept;
    /// Of the present connection.
    sd_bus* handle() const noexcept;
    /// After sd-bus was used directly: sees to what it has queued.
    void pump();

    /// Throws Error{unreachable} when the message cannot be made, without a connection, say.
    BusMessage method_call(const char* destination, const char* path, const char* interface,
                           const char* member);
    /// `timeout` zero: that of sd-bus (25 s).
    void call(const BusMessage& message, OnReply on_reply, std::chrono::microseconds timeout = {});
    /// In effect for everything that is asked after it on this connection.
    BusSlot match(const std::string& rule, OnMessage on_message);

    /// Blocks, serving this bus alone, until `done` or the timeout; false for the latter.
    bool serve_until(const std::function<bool()>& done, std::chrono::milliseconds timeout);

  private:
    struct Connection;
    std::shared_ptr<Connection> connection_;
};

/// Throws Error{bug} with errno's words when `result` is negative.
void bus_check(int result, const char* what);

}  // namespace dts
