#include "lib/source/postgres/read_pace.hpp"

#include <catch2/catch.hpp>

using namespace dts;
using namespace std::chrono_literals;

namespace {

struct Reading {
    ReadPace pace;
    ReadPace::Clock::time_point now{1h};

    /// Looks at the socket that often, each after `step`.
    bool reads(unsigned times, std::size_t bytes, std::chrono::microseconds step) {
        for (unsigned i = 0; i < times; ++i) pace.has_read(bytes, now += step);
        return pace.pause() > 0ms;
    }
};

}  // namespace

TEST_CASE("read pace: a load that lasts is read with pauses, in small bites or large ones") {
    Reading small, large;
    CHECK(small.reads(1000, 400, 100us));  // 4 MB/s for 100 ms
    CHECK(large.reads(10, 200'000, 20'000us));
}

TEST_CASE("read pace: an idle stream and one that begins to flow are read at once") {
    Reading r;
    CHECK_FALSE(r.reads(100, 50, 20'000us));  // 5 kB/s
    CHECK_FALSE(r.reads(1, 10'000'000, 1s));  // a large transaction after a silence
    CHECK_FALSE(r.reads(30, 100'000, 1'000us));
}

TEST_CASE("read pace: the more comes, the shorter the pause, so that it fits into the buffers") {
    Reading r;
    REQUIRE(r.reads(10, 200'000, 20'000us));
    CHECK(r.pace.pause() == 20ms);
    r.reads(1, 4 * ReadPace::bite_bytes, 20'000us);
    CHECK(r.pace.pause() == 5ms);
    r.reads(1, 100 * ReadPace::bite_bytes, 20'000us);
    CHECK(r.pace.pause() == 0ms);
    r.reads(1, ReadPace::bite_bytes, 20'000us);
    CHECK(r.pace.pause() == 20ms);
}

TEST_CASE("read pace: the first pause's time without a load ends the pauses") {
    Reading r;
    REQUIRE(r.reads(100, 100'000, 20'000us));
    CHECK_FALSE(r.reads(1, 1'000, 20'000us));
    CHECK_FALSE(r.reads(1, 100'000, 20'000us));
}

TEST_CASE("read pace: what was learned of a stream is forgotten with it") {
    Reading r;
    REQUIRE(r.reads(100, 100'000, 20'000us));
    r.pace.start();
    CHECK(r.pace.pause() == 0ms);
}
