#include "lib/source/mysql/packet_reader.hpp"

#include <catch2/catch.hpp>
#include <sys/socket.h>

#include <future>
#include <unistd.h>

#include "test/unit/source/binlog_fixture.hpp"

using namespace dts;
using namespace dts::test;
using namespace std::chrono_literals;

namespace {

struct SocketPair {
    int ends[2];
    SocketPair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0); }
    ~SocketPair() {
        hang_up();
        ::close(ends[0]);
    }
    void hang_up() {
        if (ends[1] >= 0) ::close(std::exchange(ends[1], -1));
    }
    /// Any thread: Catch's own checks belong to the main one.
    void send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const auto count = ::write(ends[1], bytes.data(), bytes.size());
            if (count <= 0) throw std::runtime_error("nothing could be sent");
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
    }
};

std::string packet(const std::string& payload, std::uint8_t sequence = 0) {
    return little<3>(payload.size()) + little<1>(sequence) + payload;
}

}  // namespace

TEST_CASE("packets: what one read brought comes out packet by packet") {
    SocketPair pair;
    SocketPacketReader reader(pair.ends[0], 1s);
    pair.send(packet("one") + packet("") + packet("three"));
    CHECK(as_text(*reader.next(Wait::fully)) == "one");
    CHECK(as_text(*reader.next(Wait::none)) == "");
    CHECK(as_text(*reader.next(Wait::none)) == "three");
    CHECK_FALSE(reader.next(Wait::none).has_value());
}

TEST_CASE("packets: half a packet is nothing yet") {
    SocketPair pair;
    SocketPacketReader reader(pair.ends[0], 1s);
    const std::string whole = packet("a whole packet");
    for (std::size_t i = 0; i + 1 < whole.size(); ++i) {
        pair.send(whole.substr(i, 1));
        CHECK_FALSE(reader.next(Wait::none).has_value());
    }
    pair.send(whole.substr(whole.size() - 1));
    CHECK(as_text(*reader.next(Wait::none)) == "a whole packet");
}

TEST_CASE("packets: views stay valid while their chunk is kept, over chunk borders") {
    SocketPair pair;
    SocketPacketReader reader(pair.ends[0], 5s);
    constexpr int count = 2000;
    auto writer = std::async(std::launch::async, [&] {
        for (int i = 0; i < count; ++i)
            pair.send(packet(std::string(static_cast<std::size_t>(i), static_cast<char>(i))));
    });
    Arena arena;
    std::vector<std::string_view> views;
    for (int i = 0; i < count; ++i) {
        views.push_back(as_text(*reader.next(Wait::fully)));
        arena.adopt(reader.chunk());
    }
    writer.get();
    for (int i = 0; i < count; ++i) {
        const std::string wanted(static_cast<std::size_t>(i), static_cast<char>(i));
        if (views[static_cast<std::size_t>(i)] != wanted) FAIL("packet " << i);
    }
}

TEST_CASE("packets: a payload of 16 MiB and more comes together from its parts") {
    SocketPair pair;
    SocketPacketReader reader(pair.ends[0], 30s);
    const std::string full(0xFFFFFF, 'x');
    for (const std::size_t tail : {0ul, 1ul, 5000ul}) {
        auto writer = std::async(std::launch::async, [&] {
            pair.send(packet(full, 0) + packet(full, 1) + packet(std::string(tail, 'y'), 2) +
                      packet("next"));
        });
        const auto payload = as_text(*reader.next(Wait::fully));
        REQUIRE(payload.size() == 2 * full.size() + tail);
        CHECK(payload.find_first_not_of('x') == (tail == 0 ? std::string::npos : 2 * full.size()));
        CHECK(as_text(*reader.next(Wait::fully)) == "next");
        writer.get();
    }
}

TEST_CASE("packets: silence beyond the time-out and a closed connection are transient errors") {
    SocketPair pair;
    SocketPacketReader reader(pair.ends[0], 1ms);
    try {
        reader.next(Wait::fully);
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::transient);
    }
    pair.hang_up();
    CHECK_THROWS_AS(reader.next(Wait::fully), Error);
}
