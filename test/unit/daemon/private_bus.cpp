#include "test/unit/daemon/private_bus.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fcntl.h>
#include <future>
#include <poll.h>
#include <signal.h>
#include <stdexcept>

namespace dts::test {

namespace {

constexpr const char* daemon_program = "/usr/bin/dbus-daemon";

void check(int result, const char* what) {
    if (result < 0) {
        throw std::runtime_error(
            fmt::format("{}: {}", what, std::generic_category().message(-result)));
    }
}

}  // namespace

PrivateBus::PrivateBus() {
    write_text(folder_ / "bus.conf", fmt::format(R"(<!DOCTYPE busconfig PUBLIC
 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/> <allow own="*"/> <allow send_type="method_call"/> <allow send_type="signal"/>
    <allow send_requested_reply="true"/> <allow receive_type="method_call"/>
    <allow receive_type="signal"/> <allow receive_requested_reply="true"/>
    <allow eavesdrop="false" send_destination="*"/>
  </policy>
</busconfig>)",
                                                 (folder_ / "socket").string()));
    start();
}

PrivateBus::~PrivateBus() {
    stop();
}

bool PrivateBus::is_available() {
    return ::access(daemon_program, X_OK) == 0;
}

std::string PrivateBus::address() const {
    return "unix:path=" + (folder_ / "socket").string();
}

void PrivateBus::start() {
    int ready[2];
    if (::pipe(ready) != 0) throw std::runtime_error("pipe");
    const std::string config = "--config-file=" + (folder_ / "bus.conf").string();
    const std::string print = fmt::format("--print-address={}", ready[1]);
    pid_ = ::fork();
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::close(ready[0]);
        // It complains of limits that it cannot raise.
        ::dup2(::open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
        ::execl(daemon_program, daemon_program, config.c_str(), "--nofork", print.c_str(),
                "--nopidfile", "--nosyslog", nullptr);
        ::_exit(127);
    }
    ::close(ready[1]);
    // It says its address when it listens.
    char byte = 0;
    const auto got = ::read(ready[0], &byte, 1);
    ::close(ready[0]);
    if (got != 1) throw std::runtime_error("dbus-daemon did not start");
}

void PrivateBus::stop() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
    std::filesystem::remove(folder_ / "socket");
}

BusThread::BusThread(const std::string& address, std::function<void(sd_bus*)> prepare)
    : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    std::promise<void> prepared;
    auto future = prepared.get_future();
    thread_ = std::thread([this, address, prepare = std::move(prepare), &prepared] {
        try {
            serve(address, [&](sd_bus* bus) {
                prepare(bus);
                prepared.set_value();
            });
        } catch (...) {
            prepared.set_exception(std::current_exception());
        }
    });
    try {
        future.get();
    } catch (...) {
        thread_.join();
        ::close(wake_);
        throw;
    }
}

BusThread::~BusThread() {
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
    }
    ::eventfd_write(wake_, 1);
    thread_.join();
    ::close(wake_);
}

void BusThread::run(std::function<void(sd_bus*)> action) {
    std::promise<void> done;
    auto future = done.get_future();
    {
        const std::lock_guard lock(mutex_);
        actions_.push_back([&](sd_bus* bus) {
            action(bus);
            sd_bus_flush(bus);
            done.set_value();
        });
    }
    ::eventfd_write(wake_, 1);
    future.get();
}

void BusThread::serve(const std::string& address, const std::function<void(sd_bus*)>& prepare) {
    sd_bus* bus = nullptr;
    check(sd_bus_new(&bus), "sd_bus_new");
    const std::unique_ptr<sd_bus, decltype(&sd_bus_close_unref)> owner(bus, sd_bus_close_unref);
    check(sd_bus_set_address(bus, address.c_str()), "the address");
    check(sd_bus_set_bus_client(bus, 1), "a client");
    check(sd_bus_start(bus), "starting");
    prepare(bus);
    bool is_connected = true;
    while (true) {
        std::vector<std::function<void(sd_bus*)>> actions;
        {
            const std::lock_guard lock(mutex_);
            if (ended_) break;
            actions.swap(actions_);
        }
        for (const auto& action : actions) action(bus);
        while (is_connected) {
            const int result = sd_bus_process(bus, nullptr);
            if (result < 0) is_connected = false;
            if (result <= 0) break;
        }
        pollfd waits[2] = {{wake_, POLLIN, 0}, {-1, 0, 0}};
        if (is_connected) {
            waits[1] = {sd_bus_get_fd(bus), static_cast<short>(sd_bus_get_events(bus)), 0};
        }
        ::poll(waits, 2, -1);
        eventfd_t count = 0;
        ::eventfd_read(wake_, &count);
    }
}

}  // namespace dts::test
