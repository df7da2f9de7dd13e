// Postgres: a server that may be at one of several addresses, of which others are dead.
#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/file_handle.hpp"
#include "test/integration/postgres_pair.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;

namespace {

/// Takes connections and says nothing, as a host whose server hangs.
class SilentHost {
  public:
    SilentHost(const char* address, std::uint16_t port)
        : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(port);
        ::inet_pton(AF_INET, address, &at.sin_addr);
        const int on = 1;
        ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        REQUIRE(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
        REQUIRE(::listen(listener_.get(), 100) == 0);
    }
    /// Those who have come since it was asked last.
    unsigned visitors() {
        unsigned count = 0;
        for (;; ++count) {
            const FileHandle visitor(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!visitor) return count;
        }
    }

  private:
    FileHandle listener_;
};

}  // namespace

TEST_CASE("postgres: of several addresses the next is tried when one is dead, and remembered") {
    PostgresServer server;
    SilentHost silent("127.0.0.2", server.port());
    PostgresEndpoint endpoint = server.endpoint();
    endpoint.connect_timeout_secs = 1;
    endpoint.host = "127.0.0.3,127.0.0.2,127.0.0.1";  // nobody there, silent, and the server
    CHECK(PostgresConnection(endpoint).scalar("SELECT 1") == "1");
    CHECK(silent.visitors() == 1);
    // The one that has answered comes first from then on.
    CHECK(PostgresConnection(endpoint).scalar("SELECT 2") == "2");
    CHECK(silent.visitors() == 0);
}

TEST_CASE("postgres: an account that one host refuses is tried at the next, and told of then") {
    PostgresServer server;
    SilentHost silent("127.0.0.2", server.port());
    PostgresEndpoint endpoint = server.endpoint();
    endpoint.connect_timeout_secs = 1;
    endpoint.host = "127.0.0.1,127.0.0.2";
    endpoint.password = "wrong";
    try {
        PostgresConnection connection(endpoint);
        FAIL("connected with a wrong password");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::permission);
        CHECK_THAT(error.text(), Contains("password authentication failed") &&
                                     Contains("no answer in time from 127.0.0.2"));
    }
    CHECK(silent.visitors() == 1);
    endpoint.host = "127.0.0.3,127.0.0.2";
    CHECK_THROWS_WITH(PostgresConnection(endpoint),
                      Contains("127.0.0.3") && Contains("no answer in time from 127.0.0.2"));
}

TEST_CASE("postgres: a task whose source and target have a dead first host runs") {
    PostgresPair pair;
    pair.run_on_both("CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY)");
    SilentHost of_source("127.0.0.2", pair.source.port());
    SilentHost of_target("127.0.0.2", pair.target.port());
    TaskIni ini = pair.ini();
    const auto url = [](const PostgresServer& server) {
        return fmt::format("postgres://{}:{}@127.0.0.2,127.0.0.1:{}/{}", PostgresServer::username,
                           PostgresServer::password_in_url, server.port(),
                           PostgresServer::database);
    };
    ini.set("extractor", "url", url(pair.source))
        .set("extractor", "connection_timeout_secs", "1")
        .set("sinker", "url", url(pair.target))
        .set("sinker", "connection_timeout_secs", "1");
    WorkerProcess worker(ini, pair.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    pair.source.run("INSERT INTO s.t VALUES (1), (2)");
    CHECK(pair.arrive_and_stop(worker) == "exit code 0");
    CHECK(pair.differences() == "");
    CHECK(of_source.visitors() == 1);
    CHECK(of_target.visitors() == 1);
}
