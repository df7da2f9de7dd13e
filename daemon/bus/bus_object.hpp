// org.dts.Manager1 at /org/dts/Manager1 on the system bus: the tasks for other programs. Everybody
// may read; who acts is root, dtsd's own account, the group dts, or whom polkit lets
// (org.dts.manage-tasks). `busctl introspect org.dts.Manager1 /org/dts/Manager1` shows it.
#pragma once

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>

#include "daemon/supervisor/supervisor.hpp"

namespace dts {

struct BusObjectOptions {
    std::string bus_address;  ///< empty: the system's bus, or what DBUS_SYSTEM_BUS_ADDRESS says
    /// What the daemon's log should say: that there is no bus, once.
    std::function<void(const std::string&)> log = {};
    /// Members of this group may act.
    std::string operators = "dts";
    /// Root and dtsd's own account may; false only for tests, which are that themselves.
    bool trust_own_uid = true;
};

class BusObject {
  public:
    /// Listens to the supervisor for good, so it must live as long as that does.
    BusObject(boost::asio::io_context& loop, Supervisor& supervisor, BusObjectOptions options);
    ~BusObject();

    /// Connects and takes the name. Without a bus it says so and dtsd goes on without.
    void open();
    void close() noexcept;

  private:
    struct Parts;
    std::shared_ptr<Parts> parts_;
};

}  // namespace dts
