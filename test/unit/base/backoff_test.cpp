#include "lib/base/backoff.hpp"

#include <catch2/catch.hpp>

#include <future>

using namespace dts;
using namespace std::chrono_literals;

TEST_CASE("backoff: delays double up to the cap, with jitter below") {
    Backoff backoff(100ms, 450ms);
    for (const auto most : {100ms, 200ms, 400ms, 450ms, 450ms}) {
        const auto delay = backoff.next_delay();
        CHECK(delay <= most);
        CHECK(delay >= most / 2);
    }
    backoff.reset();
    CHECK(backoff.next_delay() <= 100ms);
}

TEST_CASE("backoff: two of them do not go in step") {
    Backoff one(1'000'000ms, 1'000'000ms);
    Backoff other(1'000'000ms, 1'000'000ms);
    int different = 0;
    for (int i = 0; i < 8; ++i) different += one.next_delay() != other.next_delay();
    CHECK(different > 0);
}

TEST_CASE("backoff: a stop ends the wait at once") {
    Backoff backoff(1h, 1h);
    std::stop_source stop;
    auto waited = std::async(std::launch::async, [&] { return backoff.wait(stop.get_token()); });
    stop.request_stop();
    CHECK_FALSE(waited.get());
}

TEST_CASE("backoff: a whole wait says so") {
    Backoff backoff(1ms, 1ms);
    CHECK(backoff.wait(std::stop_token{}));
}
