#pragma GCC diagnostic ignored "-Wnull-dereference"  // Asio's, to the optimiser
#include "lib/control/status_socket.hpp"

#include <boost/asio/steady_timer.hpp>
#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <functional>
#include <poll.h>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "test/unit/temporary_directory.hpp"

using namespace dts;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// A worker's side and the loop that both sides run on.
struct Worker {
    TemporaryDirectory folder;
    fs::path path = folder / "status.sock";
    boost::asio::io_context loop;
    WorkerStatus status;
    int asked = 0;

    std::unique_ptr<StatusSocket> listen(const StatusSocket::Limits& limits = {1h, 1h, 64}) {
        return std::make_unique<StatusSocket>(
            loop, path,
            [this] {
                ++asked;
                return status;
            },
            limits);
    }
    /// Runs the loop until it holds; false when it does not in time.
    bool until(const std::function<bool()>& holds) {
        const auto deadline = std::chrono::steady_clock::now() + 10s;
        while (!holds()) {
            loop.restart();
            if (loop.run_one_until(deadline) == 0) return false;
        }
        return true;
    }
};

struct Follower {
    std::vector<WorkerStatus> said;
    int ends = 0;
    std::optional<StatusReader> reader;

    Follower(boost::asio::io_context& loop, const fs::path& path) {
        reader.emplace(
            loop, path,
            StatusReader::Events{[this](WorkerStatus s) { said.push_back(std::move(s)); },
                                 [this] { ++ends; }});
    }
};

/// A bare socket: connected, or bound and left behind.
struct BareSocket {
    int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ~BareSocket() { ::close(fd); }
    static sockaddr_un address(const fs::path& path) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        return address;
    }
    bool connect(const fs::path& path) const {
        const auto a = address(path);
        return ::connect(fd, reinterpret_cast<const sockaddr*>(&a), sizeof a) == 0;
    }
    bool bind(const fs::path& path) const {
        const auto a = address(path);
        return ::bind(fd, reinterpret_cast<const sockaddr*>(&a), sizeof a) == 0;
    }
    bool is_closed_by_peer() const {
        pollfd entry{fd, POLLRDHUP, 0};
        return ::poll(&entry, 1, 0) == 1 && (entry.revents & (POLLRDHUP | POLLHUP)) != 0;
    }
    void send(std::string_view text) const { (void)!::write(fd, text.data(), text.size()); }
};

std::string error_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::log_directory);
        return error.what();
    }
    return "no error";
}

}  // namespace

TEST_CASE("status socket: whoever connects is told at once, and again at each change") {
    Worker w;
    const auto socket = w.listen();
    w.status.name = "t";
    Follower a(w.loop, w.path);
    REQUIRE(w.until([&] { return a.said.size() == 1; }));
    CHECK(a.said[0].name == "t");
    CHECK(a.said[0].state == TaskState::starting);

    w.status.state = TaskState::streaming;
    Follower b(w.loop, w.path);
    REQUIRE(w.until([&] { return b.said.size() == 1; }));
    CHECK(b.said[0].state == TaskState::streaming);
    CHECK(a.said.size() == 1);

    socket->changed();
    REQUIRE(w.until([&] { return a.said.size() == 2; }));
    CHECK(a.said[1].state == TaskState::streaming);
    // To b that is nothing new.
    w.status.state = TaskState::gap;
    socket->changed();
    REQUIRE(w.until([&] { return b.said.size() == 2 && a.said.size() == 3; }));
    CHECK(b.said[1].state == TaskState::gap);
}

TEST_CASE("status socket: numbers that change are told once an interval, not more often") {
    Worker w;
    const auto interval = 20ms;
    const auto socket = std::make_unique<StatusSocket>(
        w.loop, w.path,
        [&] {
            ++w.status.applied_changes;  // another each time that it is looked at
            return w.status;
        },
        StatusSocket::Limits{interval, 1h, 64});
    const auto begin = std::chrono::steady_clock::now();
    Follower f(w.loop, w.path);
    REQUIRE(w.until([&] { return f.said.size() == 6; }));
    CHECK(std::chrono::steady_clock::now() - begin >= 5 * interval);
}

TEST_CASE("status socket: nothing is said while nothing changes, nor asked while nobody listens") {
    Worker w;
    const auto socket = w.listen({1ms, 1h, 64});
    boost::asio::steady_timer later(w.loop, 20ms);
    bool is_later = false;
    later.async_wait([&](const boost::system::error_code&) { is_later = true; });
    REQUIRE(w.until([&] { return is_later; }));
    CHECK(w.asked == 0);

    Follower f(w.loop, w.path);
    REQUIRE(w.until([&] { return w.asked >= 10; }));
    CHECK(f.said.size() == 1);
    f.reader.reset();
    w.status.pid = 1;
    BareSocket other;
    REQUIRE(other.connect(w.path));
    REQUIRE(w.until([&] { return w.asked >= 12; }));
}

TEST_CASE("status socket: a reader that does not read is dropped, and holds up nobody") {
    Worker w;
    w.status.reason = std::string(400'000, 'x');  // more than a socket's buffer takes
    BareSocket deaf;
    const auto drops_it = [&](StatusSocket::Limits limits) {
        const auto socket = w.listen(limits);
        REQUIRE(deaf.connect(w.path));
        REQUIRE(w.until([&] { return w.asked == 1; }));
        Follower f(w.loop, w.path);
        REQUIRE(w.until([&] { return f.said.size() == 1; }));
        w.status.state = TaskState::streaming;
        socket->changed();
        REQUIRE(w.until([&] { return f.said.size() == 2; }));
        if (limits.patience == 1h) return deaf.is_closed_by_peer();
        const bool dropped = w.until([&] { return deaf.is_closed_by_peer(); });
        w.status.state = TaskState::gap;
        socket->changed();
        REQUIRE(w.until([&] { return f.said.size() == 3; }));
        return dropped;
    };
    SECTION("after its patience") {
        CHECK(drops_it({5ms, 1500ms, 64}));
    }
    SECTION("not before") {
        CHECK_FALSE(drops_it({5ms, 1h, 64}));
    }
}

TEST_CASE("status socket: there is an end to the number of readers") {
    Worker w;
    const auto socket = w.listen({1h, 1h, 2});
    Follower a(w.loop, w.path);
    Follower b(w.loop, w.path);
    REQUIRE(w.until([&] { return a.said.size() + b.said.size() == 2; }));
    Follower c(w.loop, w.path);
    REQUIRE(w.until([&] { return c.ends == 1; }));
    CHECK(c.said.empty());
    // One that leaves makes room.
    a.reader.reset();
    REQUIRE(w.until([&] {
        Follower d(w.loop, w.path);
        return w.until([&] { return d.ends + static_cast<int>(d.said.size()) > 0; }) &&
               d.said.size() == 1;
    }));
}

TEST_CASE("status socket: everybody may read, and its file goes with it") {
    Worker w;
    auto socket = w.listen();
    struct stat status {};
    REQUIRE(::stat(w.path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0666);
    Follower f(w.loop, w.path);
    REQUIRE(w.until([&] { return f.said.size() == 1; }));
    socket.reset();
    CHECK(fs::is_empty(w.folder.path()));
    REQUIRE(w.until([&] { return f.ends == 1; }));
}

TEST_CASE("status socket: a socket that a killed worker left is replaced, nothing else") {
    Worker w;
    SECTION("left behind") {
        { REQUIRE(BareSocket().bind(w.path)); }
        const auto socket = w.listen();
        Follower f(w.loop, w.path);
        CHECK(w.until([&] { return f.said.size() == 1; }));
    }
    SECTION("of a worker that lives") {
        const auto first = w.listen();
        CHECK_THAT(error_of([&] { w.listen(); }),
                   Catch::Contains("another worker listens there") && Catch::Contains("HINT: "));
        Follower f(w.loop, w.path);
        CHECK(w.until([&] { return f.said.size() == 1; }));
    }
    SECTION("a file") {
        write_text(w.path, "precious");
        CHECK_THAT(error_of([&] { w.listen(); }), Catch::Contains("no socket"));
        CHECK(read_text(w.path) == "precious");
    }
}

TEST_CASE("status socket: a path that cannot be says so") {
    Worker w;
    w.path = w.folder / std::string(120, 'x');
    CHECK_THAT(error_of([&] { w.listen(); }), Catch::Contains("a socket's may have 1") &&
                                                  Catch::Contains("HINT: ") &&
                                                  Catch::Contains("xxx"));
    w.path = w.folder / "missing" / "status.sock";
    CHECK_THAT(error_of([&] { w.listen(); }),
               Catch::Contains("No such file") && Catch::Contains("HINT: "));
}

TEST_CASE("status socket: the last status is sent before it closes") {
    Worker w;
    w.status.reason = std::string(400'000, 'x');  // is not sent in one go
    const auto socket = w.listen({1h, 1500ms, 64});
    Follower f(w.loop, w.path);
    REQUIRE(w.until([&] { return f.said.size() == 1; }));
    w.status.state = TaskState::failed;
    socket->changed();
    w.status.state = TaskState::gap;
    int done = 0;

    SECTION("to everybody") {
        socket->finish([&] { ++done; });
        REQUIRE(w.until([&] { return f.ends == 1 && done > 0; }));
        CHECK(f.said.back().state == TaskState::gap);
        CHECK(done == 1);
        CHECK_FALSE(fs::exists(w.path));
    }
    SECTION("but one that does not read is not waited for") {
        BareSocket deaf;
        REQUIRE(deaf.connect(w.path));
        const int asked = w.asked;
        REQUIRE(w.until([&] { return w.asked > asked; }));
        socket->finish([&] { ++done; });
        REQUIRE(w.until([&] { return done > 0; }));
        CHECK(f.said.back().state == TaskState::gap);
        CHECK(deaf.is_closed_by_peer());
        CHECK(done == 1);
    }
    SECTION("at once when nobody listens") {
        f.reader.reset();
        socket->finish([&] { ++done; });
        REQUIRE(w.until([&] { return done > 0; }));
        CHECK(done == 1);
    }
}

TEST_CASE("status reader: what is not there, or is no worker, is its end") {
    Worker w;
    SECTION("not there") {
        Follower f(w.loop, w.path);
        CHECK(f.ends == 0);
        REQUIRE(w.until([&] { return f.ends == 1; }));
    }
    SECTION("a path too long for a socket") {
        Follower f(w.loop, w.folder / std::string(120, 'x'));
        CHECK(f.ends == 0);
        REQUIRE(w.until([&] { return f.ends == 1; }));
    }
    SECTION("something else listens") {
        BareSocket listener;
        REQUIRE(listener.bind(w.path));
        REQUIRE(::listen(listener.fd, 1) == 0);
        Follower f(w.loop, w.path);
        const int peer = ::accept(listener.fd, nullptr, nullptr);
        REQUIRE(peer >= 0);
        constexpr std::string_view nonsense = "{\"name\":\"a\"}\nHTTP/1.1 400\n";
        REQUIRE(::write(peer, nonsense.data(), nonsense.size()) > 0);
        REQUIRE(w.until([&] { return f.ends == 1; }));
        CHECK(f.said.size() == 1);
        ::close(peer);
    }
}

TEST_CASE("status reader: it may be destroyed by what it calls") {
    Worker w;
    const auto socket = w.listen();
    int said = 0;
    std::optional<StatusReader> reader;
    reader.emplace(w.loop, w.path,
                   StatusReader::Events{[&](const WorkerStatus&) {
                                            ++said;
                                            reader.reset();
                                        },
                                        [] { FAIL("told of an end that it made itself"); }});
    REQUIRE(w.until([&] { return said == 1; }));
    w.status.pid = 5;
    socket->changed();
    Follower f(w.loop, w.path);
    REQUIRE(w.until([&] { return f.said.size() == 1; }));
    CHECK(said == 1);
}
