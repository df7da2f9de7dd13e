#include "lib/task/pulse.hpp"

#include <catch2/catch.hpp>

using namespace dts;
using namespace std::chrono_literals;

namespace {

/// A pulse with a clock of the test's.
struct Looked {
    Pulse pulse;
    Progress progress;
    Pulse::Clock::time_point now{1h};

    bool look(bool is_idle, bool at_work) {
        now += 500ms;
        progress.oldest_unapplied_us = at_work ? 1 : 0;
        pulse.look(progress, is_idle, now);
        return pulse.has_all();
    }
};

}  // namespace

TEST_CASE("pulse: a task has all when nothing is under way and the source has nothing more") {
    Looked l;
    CHECK_FALSE(l.look(false, false));
    CHECK_FALSE(l.look(false, true));
    CHECK_FALSE(l.look(true, true));
    CHECK(l.look(true, false));
}

TEST_CASE("pulse: one look at a transaction under way does not make it fall behind, two do") {
    Looked l;
    CHECK(l.look(true, false));
    CHECK(l.look(false, true));
    CHECK(l.look(true, false));
    CHECK(l.look(false, true));
    CHECK(l.look(false, false));
    CHECK(l.look(true, false));
    CHECK(l.look(false, true));
    CHECK_FALSE(l.look(false, true));
    CHECK_FALSE(l.look(false, false));
    CHECK(l.look(true, false));
}

TEST_CASE("pulse: a source that is not idle for two seconds has more, whatever is subscribed") {
    Looked l;
    CHECK(l.look(true, false));
    CHECK(l.look(false, false));
    CHECK(l.look(false, false));
    CHECK(l.look(false, false));
    CHECK_FALSE(l.look(false, false));
}

TEST_CASE("pulse: rates are those of about the last second") {
    Looked l;
    l.progress.applied_changes = 1000;  // before anybody looked
    l.look(true, false);
    CHECK(l.pulse.rates().applied_per_second == 0);
    l.progress.applied_changes += 100;
    l.progress.extracted_changes += 300;
    l.look(true, false);
    CHECK(l.pulse.rates().applied_per_second == 0);
    l.look(true, false);
    CHECK(l.pulse.rates().applied_per_second == Approx(100));
    CHECK(l.pulse.rates().extracted_per_second == Approx(300));
    l.look(true, false);
    l.look(true, false);
    CHECK(l.pulse.rates().applied_per_second == 0);
    CHECK(l.pulse.rates().extracted_per_second == 0);
}

TEST_CASE("pulse: a thread that hangs in our own code shows with the second look") {
    Looked l;
    l.progress.encoder.set(Doing::working);
    l.look(true, false);
    CHECK(l.pulse.is_alive());
    l.look(true, false);
    CHECK_FALSE(l.pulse.is_alive());
    l.progress.encoder.set(Doing::working);
    l.look(true, false);
    CHECK(l.pulse.is_alive());
}
