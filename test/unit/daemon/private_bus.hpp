// A D-Bus daemon of a test's own, on a socket in the test's folder; and services on it, each in a
// thread of its own, written with sd-bus.
#pragma once

#include <sys/types.h>
#include <systemd/sd-bus.h>

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "test/unit/temporary_directory.hpp"

namespace dts::test {

class PrivateBus {
  public:
    PrivateBus();
    PrivateBus(const PrivateBus&) = delete;
    PrivateBus& operator=(const PrivateBus&) = delete;
    ~PrivateBus();

    static bool is_available();
    std::string address() const;
    void stop();
    /// At the same address as before.
    void start();

  private:
    TemporaryDirectory folder_;
    pid_t pid_ = -1;
};

/// One client of the bus with a thread of its own, in which everything of it happens.
class BusThread {
  public:
    /// `prepare` runs in the thread, with the connection open.
    BusThread(const std::string& address, std::function<void(sd_bus*)> prepare);
    BusThread(const BusThread&) = delete;
    BusThread& operator=(const BusThread&) = delete;
    ~BusThread();

    /// Runs it in the thread, and returns when it has run and what it sent is out.
    void run(std::function<void(sd_bus*)> action);

  private:
    void serve(const std::string& address, const std::function<void(sd_bus*)>& prepare);

    int wake_ = -1;
    std::mutex mutex_;
    std::vector<std::function<void(sd_bus*)>> actions_;
    bool ended_ = false;
    std::thread thread_;
};

}  // namespace dts::test
