// The backend against a fake systemd on a bus of the test's own: no root and no systemd needed.
#include "daemon/units/systemd_backend.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <catch2/catch.hpp>

#include <csignal>

#include "lib/base/error.hpp"
#include "test/skip.hpp"
#include "test/unit/daemon/fake_systemd.hpp"

using namespace dts;
using dts::test::FakeSystemd;
using dts::test::FakeUnit;
using dts::test::PrivateBus;
using Active = UnitState::Active;

namespace {

FakeUnit running(std::uint32_t pid) {
    FakeUnit unit;
    unit.active = "active";
    unit.sub = "running";
    unit.main_pid = pid;
    return unit;
}

FakeUnit failed_with(int code) {
    FakeUnit unit;
    unit.active = unit.sub = "failed";
    unit.result = "exit-code";
    unit.exit_kind = CLD_EXITED;
    unit.exit_status = code;
    return unit;
}

FakeUnit waiting_to_restart(int code, std::uint32_t restarts) {
    FakeUnit unit = failed_with(code);
    unit.active = "activating";
    unit.sub = "auto-restart";
    unit.restarts = restarts;
    return unit;
}

/// A backend on a private bus, and what it has told.
struct Setup {
    explicit Setup(const std::string& address) {
        SystemdBackendOptions options;
        options.bus_address = address;
        options.on_bus = [this](const std::string& problem) { bus_notes.push_back(problem); };
        backend = make_systemd_backend(loop, std::move(options));
    }
    void open() {
        backend->open([this](const std::string& task, const UnitState& state) {
            states[task] = state;
            ++told;
        });
    }
    /// Serves the loop until it holds; false after ten seconds.
    bool until(const std::function<bool()>& holds) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!holds() && std::chrono::steady_clock::now() < end) {
            loop.restart();
            loop.run_one_until(end);
        }
        return holds();
    }
    bool comes_to(const std::string& task, Active active) {
        return until([&] { return states.contains(task) && states[task].active == active; });
    }
    UnitBackend::Done into(std::optional<std::optional<std::string>>& answer) {
        return [&answer](std::optional<std::string> problem) { answer = std::move(problem); };
    }

    boost::asio::io_context loop;
    std::unique_ptr<UnitBackend> backend;
    std::map<std::string, UnitState> states;
    std::vector<std::string> bus_notes;
    int told = 0;
};

using Answer = std::optional<std::optional<std::string>>;

#define NEEDS_A_BUS()                                    \
    if (!PrivateBus::is_available()) {                   \
        dts::test::skip("there is no dbus-daemon here"); \
        return;                                          \
    }

}  // namespace

TEST_CASE("systemd backend: units that there are already are adopted at open") {
    NEEDS_A_BUS();
    PrivateBus bus;
    FakeSystemd systemd(bus.address());
    systemd.put("dts@orders.service", running(4711));
    systemd.put("dts@a-b_c.d.service", failed_with(66));
    systemd.put("dts@again.service", waiting_to_restart(70, 3));
    systemd.put("dts@a\\x2db.service", running(1));  // what no task can be called
    Setup setup(bus.address());
    setup.open();

    REQUIRE(setup.states.size() == 3);
    CHECK(setup.states["orders"].active == Active::running);
    CHECK(setup.states["orders"].pid == 4711);
    CHECK(setup.states["orders"].since_us == 1000);
    CHECK_FALSE(setup.states["orders"].exit_code);
    CHECK(setup.states["a-b_c.d"].active == Active::failed);
    CHECK(setup.states["a-b_c.d"].exit_code == 66);
    CHECK(setup.states["a-b_c.d"].detail == "exit-code");
    CHECK(setup.states["again"].active == Active::restarting);
    CHECK(setup.states["again"].restarts == 3);
    CHECK(systemd.calls().front() == "Subscribe");
    CHECK(setup.backend->log_directory("orders") == "/var/log/dts/orders");
    CHECK(setup.backend->status_socket("orders") == "/run/dts/orders/status.sock");
}

TEST_CASE("systemd backend: a start forgets earlier failures, and is done when its job is") {
    NEEDS_A_BUS();
    PrivateBus bus;
    FakeSystemd systemd(bus.address());
    systemd.put("dts@a.service", failed_with(66));
    Setup setup(bus.address());
    setup.open();
    systemd.forget_calls();

    Answer answer;
    setup.backend->start("a", setup.into(answer));
    REQUIRE(setup.until([&] { return systemd.calls().size() == 2; }));
    CHECK(systemd.calls() ==
          std::vector<std::string>{"ResetFailedUnit dts@a.service", "StartUnit dts@a.service"});

    FakeUnit unit;
    unit.active = "activating";
    unit.sub = "start";
    unit.main_pid = 12;
    systemd.change("dts@a.service", unit);
    REQUIRE(setup.comes_to("a", Active::starting));
    CHECK_FALSE(setup.states["a"].exit_code);
    CHECK_FALSE(answer);

    systemd.change("dts@a.service", running(12));
    systemd.finish_job("dts@a.service", "done");
    REQUIRE(setup.until([&] { return answer.has_value(); }));
    CHECK(*answer == std::nullopt);
    CHECK(setup.states["a"].active == Active::running);
}

TEST_CASE("systemd backend: a job that is over before its request is replied to counts") {
    NEEDS_A_BUS();
    PrivateBus bus;
    FakeSystemd systemd(bus.address());
    systemd.put("dts@a.service", running(12));
    Setup setup(bus.address());
    setup.open();

    systemd.finish_next_job_early("done");
    Answer answer;
    setup.backend->restart("a", setup.into(answer));
    REQUIRE(setup.until([&] { return answer.has_value(); }));
    CHECK(*answer == std::nullopt);
    CHECK(systemd.has_call("RestartUnit dts@a.service"));
}

TEST_CASE("systemd backend: a start that fails says how the worker ended") {
    NEEDS_A_BUS();
    PrivateBus bus;
    FakeSystemd systemd(bus.address());
    Setup setup(bus.address());
    setup.open();

    Answer answer;
    setup.backend->start("bad", setup.into(answer));
    REQUIRE(setup.until([&] { return systemd.has_call("StartUnit dts@bad.service"); }));
    // The job's end may come before the unit's change: what the unit came to is asked for.
    systemd.put("dts@bad.service", failed_with(78));
    systemd.finish_job("dts@bad.service", "failed");
    REQUIRE(setup.until([&] { return answer.has_value(); }));
    REQUIRE(answer->has_value());
    CHECK_THAT(**answer, Catch::Contains("dts@bad.service") && Catch::Contains("exit code 78") &&
                             Catch::Contains("HINT"));
    CHECK(setup.states["bad"].active == Active::failed);
    CHECK(setup.states["bad"].exit_code == 78);
}

TEST_CASE("systemd backend: who may not, is told which rule is missing") {
    NEEDS_A_BUS();
    PrivateBus bus;
    FakeSystemd systemd(bus.address());
    systemd.put("dts@a.service", running(12));
    Setup setup(bus.address());
    setup.open();

    systemd.refuse("org.freedesktop.DBus.Error.AccessDenied");
    Answer answer;
    setup.backend->stop("a", setup.into(answer));
    REQUIRE(setup.until([&] { return answer.has_value(); }));
    REQUIRE(answer->has_value());
    CHECK_THAT(**answer, Catch::Contains("stopping dts@a.service: Access denied") &&
                             Catch::Contains("HINT: the polkit rule"));
}

TEST_CASE("systemd backend: stopping what is not loaded is no problem") {
    NEEDS_A_BUS();
    PrivateBus bus;
    FakeSystemd systemd(bus.address());
    Setup setup(bus.address());
    setup.open();
    Answer answer;
    setup.backend->stop("none", setup.into(answer));
    REQUIRE(setup.until([&] { return answer.has_value(); }));
    CHECK(*answer == std::nullopt);
}

TEST_CASE("systemd backend: a unit that waits for its restart is started at once") {
    NEEDS_A_BUS();
    PrivateBus bus;
    FakeSystemd systemd(bus.address());
    systemd.put("dts@a.service", waiting_to_restart(70, 1));
    Setup setup(bus.address());
    setup.open();
    systemd.finish_next_job_early("done");
    Answer answer;
    setup.backend->start("a", setup.into(answer));
    REQUIRE(setup.until([&] { return answer.has_value(); }));
    CHECK(systemd.has_call("RestartUnit dts@a.service"));
}

TEST_CASE("systemd backend: a crash, its restart and what it ended with are told") {
    NEEDS_A_BUS();
    PrivateBus bus;
    FakeSystemd systemd(bus.address());
    systemd.put("dts@a.service", running(12));
    Setup setup(bus.address());
    setup.open();

    FakeUnit unit = waiting_to_restart(9, 0);
    unit.result = "signal";
    unit.exit_kind = CLD_KILLED;
    systemd.change("dts@a.service", unit);
    REQUIRE(setup.comes_to("a", Active::restarting));
    CHECK(setup.states["a"].signal == 9);
    CHECK_FALSE(setup.states["a"].exit_code);
    CHECK(setup.states["a"].detail == "signal");

    unit = running(13);
    unit.restarts = 1;
    systemd.change("dts@a.service", unit);
    REQUIRE(setup.comes_to("a", Active::running));
    CHECK(setup.states["a"].pid == 13);
    CHECK(setup.states["a"].restarts == 1);
    CHECK(setup.states["a"].signal == 9);  // of the last run that ended

    // What only the status line says is no change of state.
    const int told = setup.told;
    unit.status_text = "lag 0.1 s";
    systemd.change("dts@a.service", unit);
    unit.main_pid = 14;
    systemd.change("dts@a.service", unit);
    REQUIRE(setup.until([&] { return setup.states["a"].pid == 14; }));
    CHECK(setup.told == told + 1);
}

TEST_CASE("systemd backend: what was stopped on request has not ended by itself") {
    NEEDS_A_BUS();
    PrivateBus bus;
    FakeSystemd systemd(bus.address());
    systemd.put("dts@a.service", running(12));
    Setup setup(bus.address());
    setup.open();

    FakeUnit unit = running(12);
    unit.active = "deactivating";
    unit.sub = "stop-sigterm";
    systemd.change("dts@a.service", unit);
    REQUIRE(setup.comes_to("a", Active::stopping));
    unit = FakeUnit{};
    unit.exit_kind = CLD_EXITED;
    systemd.change("dts@a.service", unit);
    REQUIRE(setup.comes_to("a", Active::inactive));
    CHECK_FALSE(setup.states["a"].exit_code);

    // The next one that ends by itself counts again, however quickly it went.
    systemd.change("dts@a.service", failed_with(65));
    REQUIRE(setup.comes_to("a", Active::failed));
    CHECK(setup.states["a"].exit_code == 65);
}

TEST_CASE("systemd backend: a unit that somebody else starts or drops is followed") {
    NEEDS_A_BUS();
    PrivateBus bus;
    FakeSystemd systemd(bus.address());
    Setup setup(bus.address());
    setup.open();
    CHECK(setup.states.empty());

    systemd.load("other.service", running(1));
    systemd.load("dts@hand.service", running(21));
    REQUIRE(setup.comes_to("hand", Active::running));
    FakeUnit unit = running(22);
    systemd.change("dts@hand.service", unit);
    REQUIRE(setup.until([&] { return setup.states["hand"].pid == 22; }));
    systemd.remove("dts@hand.service");
    REQUIRE(setup.comes_to("hand", Active::inactive));
    CHECK(setup.states["hand"].pid == 0);
    CHECK(setup.states.size() == 1);
}

TEST_CASE("systemd backend: a unit that is only looked at is not asked for again and again") {
    NEEDS_A_BUS();
    PrivateBus bus;
    FakeSystemd systemd(bus.address());
    Setup setup(bus.address());
    setup.open();
    systemd.forget_calls();
    // What `systemctl status dts@seen` does when it does not run.
    systemd.load("dts@seen.service", FakeUnit{});
    systemd.remove("dts@seen.service");
    systemd.load("dts@hand.service", running(21));
    REQUIRE(setup.comes_to("hand", Active::running));
    CHECK(systemd.calls() == std::vector<std::string>{"ListUnitsByPatterns dts@seen.service",
                                                      "ListUnitsByPatterns dts@hand.service",
                                                      "GetAll dts@hand.service",
                                                      "GetAll dts@hand.service"});

    // A stop that ends with the unit dropped: what it came to is asked for once.
    systemd.forget_calls();
    systemd.finish_next_job_early("done");
    Answer answer;
    setup.backend->stop("hand", setup.into(answer));
    systemd.remove("dts@hand.service");
    REQUIRE(setup.until([&] { return answer.has_value(); }));
    systemd.load("dts@last.service", running(22));
    REQUIRE(setup.comes_to("last", Active::running));
    CHECK(systemd.calls().size() < 12);
}

TEST_CASE("systemd backend: when the bus comes back, what changed meanwhile is told") {
    NEEDS_A_BUS();
    PrivateBus bus;
    auto systemd = std::make_unique<FakeSystemd>(bus.address());
    systemd->put("dts@a.service", running(12));
    systemd->put("dts@b.service", running(13));
    Setup setup(bus.address());
    setup.open();

    Answer answer;
    setup.backend->stop("a", setup.into(answer));
    REQUIRE(setup.until([&] { return systemd->has_call("StopUnit dts@a.service"); }));
    bus.stop();
    REQUIRE(setup.until([&] { return answer.has_value() && setup.bus_notes.size() == 1; }));
    REQUIRE(answer->has_value());
    CHECK_THAT(**answer, Catch::Contains("stopping dts@a.service"));
    Answer refused;
    setup.backend->start("a", setup.into(refused));
    REQUIRE(setup.until([&] { return refused.has_value(); }));
    CHECK_THAT(refused->value(), Catch::Contains("no connection to the system bus"));

    systemd.reset();
    bus.start();
    systemd = std::make_unique<FakeSystemd>(bus.address());
    systemd->put("dts@b.service", failed_with(66));
    // Whether the fake or the backend was on the bus first is open, and must not matter.
    REQUIRE(setup.comes_to("b", Active::failed));
    REQUIRE(setup.comes_to("a", Active::inactive));
    CHECK(setup.bus_notes ==
          std::vector<std::string>{"the connection to the system bus was lost", ""});
    CHECK(setup.states["b"].exit_code == 66);
}

TEST_CASE("systemd backend: without a bus, or without systemd on it, it says so at open") {
    NEEDS_A_BUS();
    Setup nowhere("unix:path=/nonexistent/bus");
    CHECK_THROWS_WITH(nowhere.open(), Catch::Contains("/nonexistent/bus"));
    PrivateBus bus;
    Setup alone(bus.address());
    CHECK_THROWS_WITH(alone.open(), Catch::Contains("systemd does not answer") &&
                                        Catch::Contains("--backend process"));
}
