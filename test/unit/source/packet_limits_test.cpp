// What packets may cost, and the refusals among them.
#include <catch2/catch.hpp>
#include <sys/socket.h>

#include <future>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "lib/source/mysql/dump_error.hpp"
#include "lib/source/mysql/packet_reader.hpp"
#include "test/unit/source/binlog_fixture.hpp"

using namespace dts;
using namespace dts::test;
using namespace std::chrono_literals;

namespace {

/// What a server sends, from a thread of its own: it does not fit into a socket at once.
struct Server {
    int ends[2];
    std::future<void> writer;

    explicit Server(std::string bytes) {
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
        writer = std::async(std::launch::async, [this, bytes = std::move(bytes)] {
            for (std::size_t at = 0; at < bytes.size();) {
                const auto count =
                    ::send(ends[1], bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
                if (count <= 0) return;
                at += static_cast<std::size_t>(count);
            }
        });
    }
    ~Server() {
        ::shutdown(ends[0], SHUT_RDWR);
        writer.wait();
        ::close(ends[0]), ::close(ends[1]);
    }
};

std::string packet(const std::string& payload) {
    return little<3>(payload.size()) + little<1>(0) + payload;
}

const std::string full(0xFFFFFF, 'x');

}  // namespace

TEST_CASE("packets: one that goes on without end is refused") {
    const Server server(packet(full) + packet(full) + packet(full));
    SocketPacketReader reader(server.ends[0], 30s, 2 * full.size());
    try {
        reader.next(Wait::fully);
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::data);
    }
}

TEST_CASE("packets: one as large as allowed comes together") {
    const Server server(packet(full) + packet(full) + packet("end"));
    SocketPacketReader reader(server.ends[0], 30s, 2 * full.size());
    CHECK(reader.next(Wait::fully)->size() == 2 * full.size() + 3);
}

TEST_CASE("packets: small ones share chunks of the size that is pooled") {
    std::string bytes;
    for (int i = 0; i < 1000; ++i) bytes += packet(std::string(300, 'x'));
    const Server server(bytes);
    SocketPacketReader reader(server.ends[0], 30s);
    std::vector<std::shared_ptr<Chunk>> chunks;
    for (int i = 0; i < 1000; ++i) {
        reader.next(Wait::fully);
        if (chunks.empty() || chunks.back() != reader.chunk()) chunks.push_back(reader.chunk());
    }
    for (const auto& chunk : chunks) CHECK(chunk->size() == Chunk::default_bytes);
    CHECK(chunks.size() <= 3);
}

TEST_CASE("packets: a refusal that the library took apart means what it meant before") {
    const auto kind = [](unsigned number, std::string_view text) {
        const std::string packet = refusal_packet(number, text);
        REQUIRE(packet.front() == '\xFF');
        return dump_error(bytes_of(packet).subspan(1), "f.1:4", 7).kind();
    };
    CHECK(kind(1236, "Could not find first log file name in binary log index file") ==
          ErrorKind::gap);
    CHECK(kind(1236, "A slave with the same server_uuid/server_id as this slave has connected") ==
          ErrorKind::config);
    CHECK(kind(1227, "Access denied; you need REPLICATION SLAVE") == ErrorKind::permission);
    CHECK(kind(1053, "Server shutdown in progress") == ErrorKind::transient);
    const auto with_state = bytes_of("\xD4\x04#HY000Could not find first log file name");
    const Error error = dump_error(with_state, "f.1:4", 7);
    CHECK(error.kind() == ErrorKind::gap);
    CHECK(error.text().find("HY000") == std::string::npos);
}
