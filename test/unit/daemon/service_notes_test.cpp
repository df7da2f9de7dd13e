#include "daemon/worker/service_notes.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>

#include "test/servers/notify_socket.hpp"
#include "test/unit/temporary_directory.hpp"

using namespace dts;
using namespace std::chrono_literals;

namespace {

/// A service manager that watches with this patience, and a clock of the test's.
struct Systemd {
    TemporaryDirectory folder;
    test::NotifySocket socket{folder / "notify"};
    ServiceNotes::Clock::time_point now{1h};
    WorkerStatus status;
    int asked = 0;

    explicit Systemd(const char* watchdog_us) {
        ::setenv("NOTIFY_SOCKET", socket.path().c_str(), 1);
        ::setenv("WATCHDOG_USEC", watchdog_us, 1);
    }
    ~Systemd() {
        ::unsetenv("NOTIFY_SOCKET");
        ::unsetenv("WATCHDOG_USEC");
    }
    void tick(ServiceNotes& notes, bool is_alive, std::chrono::microseconds time) {
        now += time;
        notes.tick(
            is_alive,
            [this] {
                ++asked;
                return status;
            },
            now);
    }
    /// How many messages have come so far that begin with this.
    std::ptrdiff_t count(std::string_view start) {
        socket.drain();
        return std::count_if(socket.seen().begin(), socket.seen().end(),
                             [&](const std::string& m) { return m.starts_with(start); });
    }
};

}  // namespace

TEST_CASE("service notes: the watchdog is fed three times as often as asked, while alive") {
    Systemd systemd("3000000");
    ServiceNotes notes;
    CHECK(notes.tick_interval() == 500ms);
    for (int i = 0; i < 12; ++i) systemd.tick(notes, true, 500ms);
    CHECK(systemd.count("WATCHDOG=1") == 6);
}

TEST_CASE("service notes: a task that hangs does not feed it, until it goes on") {
    Systemd systemd("3000000");
    ServiceNotes notes;
    systemd.tick(notes, true, 500ms);
    CHECK(systemd.count("WATCHDOG=1") == 1);
    for (int i = 0; i < 20; ++i) systemd.tick(notes, false, 500ms);
    CHECK(systemd.count("WATCHDOG=1") == 1);
    systemd.tick(notes, true, 500ms);
    CHECK(systemd.count("WATCHDOG=1") == 2);
}

TEST_CASE("service notes: the clock ticks as often as a short watchdog needs") {
    Systemd systemd("100000");
    CHECK(ServiceNotes().tick_interval() == 25ms);
}

TEST_CASE("service notes: a start is given more time while it is alive and not ready") {
    Systemd systemd("3000000");
    ServiceNotes notes;
    systemd.tick(notes, false, 1s);
    CHECK(systemd.count("EXTEND_TIMEOUT_USEC=") == 0);
    systemd.tick(notes, true, 1s);
    CHECK(systemd.count("EXTEND_TIMEOUT_USEC=60000000") == 1);
    systemd.tick(notes, true, 19s);
    CHECK(systemd.count("EXTEND_TIMEOUT_USEC=") == 1);
    systemd.tick(notes, true, 1s);
    CHECK(systemd.count("EXTEND_TIMEOUT_USEC=") == 2);
    notes.state(TaskState::retrying);
    CHECK(systemd.count("READY=1") == 0);
    // Only one READY comes in the life of a process, whichever test it is.
    notes.state(TaskState::streaming);
    notes.state(TaskState::caught_up);
    CHECK(systemd.count("READY=1") <= 1);
    systemd.tick(notes, true, 60s);
    CHECK(systemd.count("EXTEND_TIMEOUT_USEC=") == 2);
}

TEST_CASE("service notes: a systemd that does not read is not waited for, and told later") {
    Systemd systemd("3000000");
    ServiceNotes notes;
    // The kernel keeps a handful of messages, which nobody takes.
    for (int i = 0; i < 1000; ++i) systemd.tick(notes, true, 1s);
    systemd.status.state = TaskState::retrying;
    notes.tell(systemd.status, systemd.now);
    CHECK(systemd.count("STATUS=retrying") == 0);
    const auto pings = systemd.count("WATCHDOG=1");
    CHECK(pings < 1000);
    systemd.tick(notes, true, 1s);
    CHECK(systemd.count("STATUS=retrying") == 1);
    CHECK(systemd.count("WATCHDOG=1") == pings + 1);
}

TEST_CASE("service notes: the status line is sent when it is another, and asked once a second") {
    Systemd systemd("3000000");
    ServiceNotes notes;
    for (int i = 0; i < 4; ++i) systemd.tick(notes, true, 500ms);
    CHECK(systemd.asked == 2);
    CHECK(systemd.count("STATUS=starting") == 1);
    systemd.status.state = TaskState::failed;
    systemd.status.reason = "of\nthis";
    notes.tell(systemd.status, systemd.now);
    notes.tell(systemd.status, systemd.now);
    CHECK(systemd.count("STATUS=failed: of this") == 1);
    CHECK(systemd.count("STATUS=") == 2);
}
